/**
 * The drill: a backup beside a running settlement, a crash, a restore, with real processes. What gates and
 * riders did in between comes back from the gates, and gates take the restored settlement's lists.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { announce } from '@stile/protocol/batch-seal.ts';
import type { BatchReply } from '@stile/protocol/sync.ts';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { auditSettlement } from './audit/audit.ts';
import { backUp, restore } from './backup.ts';
import { startProcess } from './testing/start-process.ts';
import { ScriptedTown, START_MS } from './testing/town.ts';

const nowMs = START_MS;

async function post(url: string, body: Uint8Array): Promise<BatchReply> {
  const response = await fetch(`${url}/v1/gates/g1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', ...announce(body) },
    body: new Uint8Array(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as BatchReply;
}

async function trustOf(url: string): Promise<{ version: number; deny: { version: number } }> {
  const jws = await (await fetch(`${url}/v1/trust-list`)).text();
  return JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());
}

/** Waits for what the background brings about. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((next) => setImmediate(next));
}

test('a crash after a backup loses no fare, and no gate refuses the restored lists', async () => {
  const town = await ScriptedTown.open();
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  await rider.topUp(1000);
  for (let count = 0; count < 4; count += 1) gate.tap(rider.code(START_MS), { atMs: START_MS });
  await town.stop();
  const to = join(scratchDir(), 'backup');
  const dataDir = join(scratchDir(), 'restored');
  try {
    const running = await startProcess(town.dataDir);
    expect((await post(running.url, gate.batch(1, 2))).ackSeq).toBe(2);
    await backUp(town.dataDir, { to, nowMs });
    expect(statSync(to).mode & 0o077).toBe(0);
    await expect(backUp(town.dataDir, { to, nowMs })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await post(running.url, gate.batch(3, 4))).ackSeq).toBe(4);
    const before = await trustOf(running.url);
    await running.kill();
    await restore(to, { dataDir, nowMs });
    await expect(restore(to, { dataDir, nowMs })).rejects.toMatchObject({ code: 'CONFLICT' });
    const again = await startProcess(dataDir);
    const after = await trustOf(again.url);
    expect(after.version).toBeGreaterThan(before.version + 1000);
    expect(after.deny.version).toBeGreaterThan(before.deny.version + 1000);
    // An idle gate asks, learns that two of its records are gone, and sends them again.
    expect((await post(again.url, gate.batch(5, 4))).ackSeq).toBe(2);
    expect((await post(again.url, gate.batch(3, 4))).ackSeq).toBe(4);
    // A restored settlement that gates are ahead of all the same goes on above them.
    gate.lists = {
      trust: after.version + 50,
      deny: after.deny.version + 60,
      denyAtS: 1,
      stage: 'FRESH',
    };
    await post(again.url, gate.batch(5, 4));
    await until(async () => (await trustOf(again.url)).version > after.version + 50);
    expect((await trustOf(again.url)).deny.version).toBeGreaterThan(after.deny.version + 60);
    await again.kill();
    const last = await ScriptedTown.open({ dataDir });
    await last.settled();
    const money = await last.get('/v1/riders/me', { token: rider.session });
    await last.stop();
    expect(money).toMatchObject({ balanceCents: 0, debtCents: 0 });
    const checks = await auditSettlement(dataDir, { signatures: true });
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  } finally {
    rmSync(to, { recursive: true, force: true });
    rmSync(dataDir, { recursive: true, force: true });
    await town.close();
  }
});

test('books that have lost a part are not backed up: a backup that starts would make room for it', async () => {
  const town = await ScriptedTown.open();
  try {
    await town.stop();
    const db = new Database(join(town.dataDir, 'settlement.db'));
    db.exec('DROP TRIGGER act_no_delete');
    db.close();
    const to = join(scratchDir(), 'backup');
    const refused = backUp(town.dataDir, { to, nowMs: START_MS });
    await expect(refused).rejects.toThrow('has lost its trigger act_no_delete');
    expect(existsSync(to)).toBe(false);
  } finally {
    await town.close();
  }
});

test('a backup that is not whole is refused by name', async () => {
  const town = await ScriptedTown.open();
  const folder = scratchDir();
  try {
    const [to, dataDir] = [join(folder, 'backup'), join(folder, 'restored')];
    await backUp(town.dataDir, { to, nowMs });
    appendFileSync(join(to, 'settlement.json'), ' ');
    await expect(restore(to, { dataDir, nowMs })).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining('settlement.json is damaged'),
    });
    await backUp(town.dataDir, { to: join(folder, 'second'), nowMs });
    writeFileSync(join(folder, 'second', 'keys', 'other.jwk'), '{}');
    await expect(restore(join(folder, 'second'), { dataDir, nowMs })).rejects.toThrow(
      /other.jwk is not in/,
    );
    rmSync(join(to, 'keys'), { recursive: true });
    await expect(restore(to, { dataDir, nowMs })).rejects.toThrow(/lacks keys/);
    await expect(restore(folder, { dataDir, nowMs })).rejects.toThrow(/there is no backup/);
  } finally {
    await town.close();
  }
});

test.each([
  ['./relative', (dir: string) => `./${relative(process.cwd(), dir)}`],
  ['with a slash at its end', (dir: string) => `${dir}/`],
  ['with a dot in it', (dir: string) => join(dir, '..').concat('/./', basename(dir))],
])('a directory that is named %s is copied whole', async (_how, nameOf) => {
  const town = await ScriptedTown.open();
  const folder = scratchDir();
  const [to, dataDir] = [join(folder, 'backup'), join(folder, 'restored')];
  try {
    await backUp(nameOf(town.dataDir), { to: nameOf(to), nowMs });
    await restore(nameOf(to), { dataDir: nameOf(dataDir), nowMs });
    const checks = await auditSettlement(dataDir);
    const sealed = checks.find(({ name }) => name === 'the books are as they were sealed');
    expect(sealed).toMatchObject({ ok: true });
  } finally {
    await town.close();
  }
});

test('what stands beside the new directory already is left alone', async () => {
  const town = await ScriptedTown.open();
  const to = join(scratchDir(), 'backup');
  try {
    mkdirSync(`${to}.part`);
    writeFileSync(join(`${to}.part`, 'precious'), '');
    await backUp(town.dataDir, { to, nowMs });
    expect(existsSync(join(`${to}.part`, 'precious'))).toBe(true);
  } finally {
    await town.close();
  }
});

test('neither lies in the other, by whatever name, and a lock is in no backup', async () => {
  const town = await ScriptedTown.open();
  const folder = scratchDir();
  const to = join(folder, 'backup');
  const link = join(folder, 'link');
  symlinkSync(town.dataDir, link);
  try {
    const inside = { code: 'CONFLICT', message: expect.stringContaining('take another place') };
    for (const home of [town.dataDir, link]) {
      const at = join(home, 'deeper', 'backup');
      await expect(backUp(town.dataDir, { to: at, nowMs })).rejects.toMatchObject(inside);
    }
    expect(existsSync(join(town.dataDir, 'deeper'))).toBe(false);
    // Beside it, also under a name that begins as it does.
    await backUp(town.dataDir, { to: `${town.dataDir}-copy`, nowMs });
    const { files } = await backUp(town.dataDir, { to, nowMs });
    expect(Object.keys(files).filter((name) => name.startsWith('lock'))).toEqual([]);
    await expect(restore(to, { dataDir: join(to, 'in'), nowMs })).rejects.toMatchObject(inside);
  } finally {
    rmSync(`${town.dataDir}-copy`, { recursive: true, force: true });
    await town.close();
  }
});
