/** Several pieces in one commit: who is answered when, and what a piece that fails takes with it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Connection, openConnection } from './connection.ts';
import { createGroupCommit } from './group-commit.ts';

let dir: string;
let connection: Connection;
let said: string[];
let inGroup: ReturnType<typeof createGroupCommit>;
/** What the disk says to the next commits; undefined: it takes them. */
let broken: Error | undefined;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'stile-group-'));
  connection = openConnection(join(dir, 'settlement.db'));
  said = [];
  broken = undefined;
  const write: Connection['write'] = (work) => {
    const value = connection.write(() => {
      const done = work();
      if (broken !== undefined) throw broken;
      return done;
    });
    said.push('committed');
    return value;
  };
  inGroup = createGroupCommit({ ...connection, write });
});
afterEach(() => {
  connection.close();
  rmSync(dir, { recursive: true });
});

const put = (key: string) => () => {
  connection.db.prepare('INSERT INTO meta VALUES (?, ?)').run(key, key);
  return key;
};
const stored = () =>
  connection.db.prepare("SELECT key FROM meta WHERE key <> 'opened'").pluck().all();
const ask = async (work: () => string) => {
  const answer = await inGroup(work).catch((error: unknown) => `no: ${String(error)}`);
  said.push(answer);
};

test('what is asked for in one turn is one commit, and nobody is answered before it', async () => {
  await Promise.all(['a', 'b', 'c'].map((key) => ask(put(key))));
  await ask(put('d'));
  expect(said).toEqual(['committed', 'a', 'b', 'c', 'committed', 'd']);
  expect(stored()).toEqual(['a', 'b', 'c', 'd']);
});

test('a piece that fails is undone whole, and takes no other with it', async () => {
  const half = () => {
    put('half')();
    throw new Error('stop');
  };
  await Promise.all([ask(put('a')), ask(half), ask(put('a')), ask(put('b'))]);
  expect(said).toEqual([
    'committed',
    'a',
    'no: Error: stop',
    expect.stringContaining('UNIQUE'),
    'b',
  ]);
  expect(stored()).toEqual(['a', 'b']);
});

test('a commit that fails answers nobody with success, and the next one goes on', async () => {
  broken = new Error('the disk is full');
  await Promise.all([ask(put('a')), ask(put('b'))]);
  expect(said).toEqual(['no: Error: the disk is full', 'no: Error: the disk is full']);
  expect(stored()).toEqual([]);
  broken = undefined;
  await ask(put('a'));
  expect(stored()).toEqual(['a']);
});

test('what waits behind a commit that fails is still done', async () => {
  broken = new Error('the disk is full');
  const first = ask(() => {
    queueMicrotask(() => {
      broken = undefined;
    });
    return put('first')();
  });
  const rest = Array.from({ length: 40 }, (_, index) => ask(put(`k${index}`)));
  await Promise.all([first, ...rest]);
  expect(said.filter((what) => what.startsWith('no:'))).toHaveLength(32);
  expect(stored()).toHaveLength(9);
});

test('many pieces go in more than one commit, each once and in their order', async () => {
  const keys = Array.from({ length: 70 }, (_, index) => `k${String(index).padStart(2, '0')}`);
  await Promise.all(keys.map((key) => ask(put(key))));
  expect(said.filter((what) => what === 'committed')).toHaveLength(3);
  expect(said.filter((what) => what !== 'committed')).toEqual(keys);
  expect(stored()).toEqual(keys);
});

test('where SQLite undoes the whole group by itself, no later piece is stored alone and then denied', async () => {
  const full = () => {
    connection.db.exec('ROLLBACK');
    throw new Error('the disk is full');
  };
  await Promise.all([ask(put('a')), ask(full), ask(put('b'))]);
  expect(said).toEqual(Array.from({ length: 3 }, () => 'no: Error: the disk is full'));
  expect(stored()).toEqual([]);
  await ask(put('a'));
  expect(stored()).toEqual(['a']);
});
