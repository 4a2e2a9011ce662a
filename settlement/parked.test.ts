/** Parked records at the edge: who may end their waiting, how it is refused, a restored backup, and a kill in the middle. */
import { chmodSync, cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import type { ResolutionView, Resolved } from '@stile/protocol/http/parked-api.ts';
import { expect, test } from 'vitest';
import { auditSettlement } from './audit/audit.ts';
import type { ScriptedGate } from './testing/gate.ts';
import { startProcess } from './testing/start-process.ts';
import { type ScriptedRider, ScriptedTown, START_MS } from './testing/town.ts';

type Parked = { seq: number; why: string; hash: string; offers: string[] };

const RIDES = 40;

async function wrongIn(dataDir: string) {
  const checks = await auditSettlement(dataDir, { signatures: true });
  return checks.filter(({ ok }) => !ok);
}

/** A gate whose first record never comes, and so many rides behind it. */
async function openGap(rides: number) {
  const town = await ScriptedTown.open();
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const ada = await town.addRider();
  gate.note(START_MS);
  for (let count = 0; count < rides; count += 1) gate.tap(ada.code(START_MS), { atMs: START_MS });
  await town.send(gate, { fromSeq: 2 });
  return { town, gate, ada };
}

type Word = { how?: string; seq?: number; hash?: string; note?: string } & Record<
  'gate' | 'epoch',
  string
>;

const wordOf = ({ gate, epoch }: ScriptedGate) => ({ gate, epoch, note: 'its card burnt' });

test('who ends it is named, has the role for it, and reads why it is refused', async () => {
  const { town, gate } = await openGap(3);
  try {
    const tokenOf = async (name: string, role: string) =>
      (await town.operate<{ token: string }>('POST', 'operators', { body: { name, role } })).token;
    const [vera, olaf] = [await tokenOf('Vera', 'ADMIN'), await tokenOf('Olaf', 'OPERATOR')];
    const word = wordOf(gate);
    const ask = async (token: string, { how, ...body }: Word) => {
      const url = `/v1/operator/parked/${how === undefined ? 'replays' : 'resolutions'}`;
      const answer = await town.ask(url, { token, body: { ...body, ...(how && { how }) } });
      return [answer.status, (answer.body as { code?: string }).code ?? answer.body];
    };
    const parked = await town.operate<Parked[]>('GET', 'parked');
    expect(parked.map(({ why, offers }) => [why, offers.join(' ')])).toEqual(
      Array(3).fill(['GAP', 'REPLAY ADOPT WRITE_OFF']),
    );
    const none = { already: 0, refused: [], nextSeq: null };
    expect(await ask(olaf, { ...word, seq: 2 })).toEqual([200, { resolved: 1, ...none }]);
    expect(await ask(olaf, { ...word, how: 'WRITE_OFF' })).toEqual([403, 'FORBIDDEN']);
    expect(await ask(vera, { ...word, how: 'ACCEPT', seq: 2 })).toEqual([409, 'NOT_OFFERED']);
    expect(await ask(vera, { ...word, how: 'ADOPT', seq: 3 })).toEqual([409, 'EARLIER_FIRST']);
    expect(await ask(vera, { ...word, how: 'ADOPT', seq: 9 })).toEqual([404, 'NOT_FOUND']);
    const { note: _, ...noNote } = word;
    expect(await ask(vera, { ...noNote, how: 'ADOPT' })).toEqual([400, 'REQUEST_INVALID']);
    const lonely = { ...word, how: 'ADOPT', hash: parked[0]?.hash ?? '' };
    expect(await ask(vera, lonely)).toEqual([400, 'REQUEST_INVALID']);
    expect(await ask(vera, { ...lonely, seq: 2 })).toEqual([200, { resolved: 1, ...none }]);
    expect(await ask(vera, { ...word, how: 'WRITE_OFF', seq: 2 })).toEqual([
      409,
      'RESOLVED_OTHERWISE',
    ]);
    expect(await ask(vera, { ...word, how: 'WRITE_OFF' })).toEqual([200, { resolved: 2, ...none }]);
    const decided = await town.operate<ResolutionView[]>('GET', 'parked/resolutions');
    expect(decided.map(({ by, how, seq, fareCents }) => [by, how, seq, fareCents])).toEqual([
      ['Olaf', 'REPLAY', 2, null],
      ['Vera', 'ADOPT', 2, null],
      ['Vera', 'WRITE_OFF', 3, 250],
      ['Vera', 'WRITE_OFF', 4, 250],
    ]);
    const acts = await town.operate<{ by: string; what: string }[]>('GET', 'acts');
    expect(acts).toContainEqual(
      expect.objectContaining({ by: 'Vera', what: 'POST /v1/operator/parked/resolutions' }),
    );
    await town.stop();
    expect(await wrongIn(town.dataDir)).toEqual([]);
  } finally {
    await town.close();
  }
});

test('after a restored backup passes and accounts that were lost count by a person’s word', async () => {
  const town = await ScriptedTown.open();
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const ada = await town.addRider();
  await ada.topUp(1_000);
  await town.stop();
  const backup = `${scratchDir()}/backup`;
  cpSync(town.dataDir, backup, { recursive: true });
  try {
    const open = await ScriptedTown.open({ dataDir: town.dataDir });
    open.clock.advance(60_000);
    const bob = await open.addRider('P-256');
    await renew(open, ada);
    const atMs = START_MS + 60_000;
    for (const rider of [ada, bob]) gate.tap(rider.code(atMs), { atMs });
    await open.stop();
    rmSync(town.dataDir, { recursive: true });
    cpSync(backup, town.dataDir, { recursive: true });
    chmodSync(town.dataDir, 0o700);
    chmodSync(join(town.dataDir, 'keys'), 0o700);
    const again = await ScriptedTown.open({ dataDir: town.dataDir });
    again.clock.advance(120_000);
    await again.send(gate);
    const whys = (await again.operate<Parked[]>('GET', 'parked')).map(({ why }) => why);
    expect(whys.sort()).toEqual(['ACCOUNT_UNKNOWN', 'PASS_NOT_ISSUED']);
    const body = { ...wordOf(gate), how: 'ACCEPT' };
    await again.operate('POST', 'parked/resolutions', { body });
    await again.settled();
    expect(await again.operate('GET', 'parked')).toEqual([]);
    const repeated = await again.operate<Resolved>('POST', 'parked/resolutions', { body });
    expect(repeated).toEqual({ resolved: 0, already: 2, refused: [], nextSeq: null });
    // Bob's phone opens the account that was made again, and he owes his ride.
    const { token } = await again.openSession(bob);
    const me = await again.get('/v1/riders/me', { token });
    expect(me).toMatchObject({ balanceCents: 0, debtCents: 250, denied: true });
    await again.stop();
    expect(await wrongIn(town.dataDir)).toEqual([]);
  } finally {
    await town.close();
  }
});

test('killed in the middle of many, each is resolved whole or not at all', async () => {
  const { town, gate } = await openGap(RIDES);
  try {
    await town.stop();
    const running = await startProcess(town.dataDir);
    const authorization = `Bearer ${town.operatorToken}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const url = new URL('/v1/operator/parked/resolutions', running.url);
    const decided = async () => (await (await fetch(url, { headers })).json()) as unknown[];
    const body = JSON.stringify({ ...wordOf(gate), how: 'WRITE_OFF' });
    const cut = fetch(url, { method: 'POST', headers, body }).catch(() => 'cut off');
    while ((await decided()).length < 2) await new Promise((next) => setImmediate(next));
    await running.kill();
    await cut;
    expect(await wrongIn(town.dataDir)).toEqual([]);
    const again = await ScriptedTown.open({ dataDir: town.dataDir });
    const before = (await again.operate<unknown[]>('GET', 'parked/resolutions')).length;
    expect(before).toBeGreaterThanOrEqual(2);
    if (before < RIDES) {
      const { resolved } = await again.operate<Resolved>('POST', 'parked/resolutions', {
        body: JSON.parse(body),
      });
      expect(resolved).toBe(RIDES - before);
    }
    type Balance = { accounts: { name: string; balanceCents: number }[] };
    const { accounts } = await again.operate<Balance>('GET', 'trial-balance');
    expect(accounts.find(({ name }) => name === 'loss')?.balanceCents).toBe(RIDES * 250);
    await again.stop();
    expect(await wrongIn(town.dataDir)).toEqual([]);
  } finally {
    await town.close();
  }
});

async function renew(town: ScriptedTown, rider: ScriptedRider): Promise<void> {
  const { account, serial, key } = rider;
  const proof = await town.prove(key, { purpose: 'renew-pass', subject: `${account}/${serial}` });
  const body = { account, serial, ...proof };
  const { pass } = await town.get<{ pass: string }>('/v1/passes', { body });
  rider.pass = fromHex(pass) ?? new Uint8Array();
}
