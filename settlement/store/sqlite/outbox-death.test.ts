/**
 * A process that dies behind its n-th commit, whichever that is: the cursor of a job stands exactly where the
 * money of its records does, never before it and never behind.
 */
import { join } from 'node:path';
import { systemRandom } from '@stile/host/random.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { expect, test } from 'vitest';
import { addGate, addRider, ISSUER, LIMITS, NOW_MS } from '../../testing/log.ts';
import { outboxUseCases } from '../outbox-use-cases.ts';
import type { Store } from '../port.ts';
import { type Connection, openConnection } from './connection.ts';
import { createDatabase } from './database.ts';
import { openSeals } from './seals.ts';
import { openSqliteStore } from './store.ts';

/** More than two pieces. */
const RIDES = 120;
/** To price again, three pieces, and one that finds nothing left. */
const TURNS = 5;

async function ridesToSettle(file: string): Promise<void> {
  const store: Store = await openSqliteStore({ file, limitsNow: LIMITS });
  await store.setFare({ line: 'M1', fareCents: 250, fromS: 0 }, NOW_MS);
  const account = await addRider(store, 'a');
  const gate = await addGate(store, { gate: 'g1', line: 'M1' });
  for (let counter = 1; counter <= RIDES; counter += 1) {
    gate.ride({ account, counter, atMs: NOW_MS });
  }
  await gate.send(store);
  await store.close();
}

/** A connection whose process is dead behind so many commits. */
function mortal(connection: Connection, commits: number): Connection {
  let left = commits;
  return {
    ...connection,
    write: (work) => {
      if (left === 0) throw new Error('dead');
      left -= 1;
      return connection.write(work);
    },
  };
}

function progressOf({ db }: Connection) {
  const charged = db.prepare('SELECT max(record) FROM charge').pluck().get() ?? 0;
  const job = db.prepare(`SELECT cursor FROM outbox WHERE kind = 'settle'`).pluck().get();
  const last = db.prepare('SELECT max(id) FROM record').pluck().get();
  return { charged, cursor: job ?? last };
}

test('the cursor is moved in the transaction that moves the money', async () => {
  const file = join(scratchDir(), 'settlement.db');
  await ridesToSettle(file);
  const seen: number[] = [];
  for (let turn = 1; turn <= TURNS; turn += 1) {
    const connection = openConnection(file);
    const database = createDatabase(
      mortal(connection, 1),
      openSeals(connection, { file, random: systemRandom }),
    );
    const { workOnce } = outboxUseCases(database, { limitsNow: LIMITS });
    // The first commit of a piece is made; the process dies before any other.
    await workOnce({ issuer: ISSUER, nowMs: NOW_MS }).catch(() => null);
    const { charged, cursor } = progressOf(connection);
    expect(cursor).toBe(charged);
    seen.push(Number(charged));
    connection.close();
  }
  expect([...new Set(seen)]).toEqual([0, 50, 100, RIDES]);
});
