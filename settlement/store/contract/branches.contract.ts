/** What any Store must do with adopted branches whose records name what lies before them, however many branches back. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addGate,
  addRider,
  drain,
  ISSUER,
  NOW_MS,
  readBooks,
  type ScriptedLog,
} from '../../testing/log.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

const ID = 'a5'.repeat(16);
const OTHER_ID = 'b6'.repeat(16);

export function describeBranches(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  let gate: ScriptedLog;
  let a: string;
  beforeEach(async () => {
    ({ store, remove } = await open());
    await store.setFare({ line: 'M1', fareCents: 250, fromS: 0 }, NOW_MS);
    gate = await addGate(store, { gate: 'g1', line: 'M1' });
    a = await addRider(store, 'a');
    await store.topUp({ issuer: ISSUER, account: a, key: 'k', amountCents: 2000, nowMs: NOW_MS });
  });
  afterEach(async () => {
    const { debitsCents, creditsCents } = await store.readTrialBalance();
    expect(debitsCents).toBe(creditsCents);
    await remove();
  });

  const ride = (counter: number, log = gate) => log.ride({ account: a, counter, atMs: NOW_MS });
  const note = (log: ScriptedLog) => log.add({ kind: 'note', atMs: NOW_MS });
  const voidOf = (of: number, log: ScriptedLog) => log.add({ kind: 'void', atMs: NOW_MS, of });

  async function send(log: ScriptedLog, fromSeq = 1): Promise<void> {
    await log.send(store, { fromSeq });
    await drain(store);
  }

  /** Of all that lies beside the log, in the order of the chain. */
  async function adopt(): Promise<string[]> {
    const query = { gate: 'g1', epoch: gate.epoch, fromSeq: 1, seq: null, hash: null, limit: 20 };
    const request = { how: 'ADOPT', by: 'Vera', note: 'looked at', nowMs: NOW_MS } as const;
    const { records } = await store.resolveParked({ query, request });
    await drain(store);
    return records.map(({ seq, result }) => `${seq} ${result.kind}`);
  }

  async function sendAndAdopt(log: ScriptedLog, fromSeq: number): Promise<void> {
    await send(log, fromSeq);
    await adopt();
  }

  const ends = async () =>
    (await store.listTaps({ gate: null, after: 0, limit: 30 })).map(
      ({ kind, outcome }) => `${kind} ${outcome}`,
    );
  const wallet = async () => (await readBooks(store, ['a'])).wallets.a;

  async function pay(id: string): Promise<void> {
    const codeHash = `code for ${id}`;
    const times = { nowMs: NOW_MS, expiresAtMs: NOW_MS + 1 };
    await store.addOnlineCode({ codeHash, account: a, serial: 1, boundCents: null, ...times });
    const payee = { kind: 'gate', gate: 'g1', line: 'M1', idempotencyKey: id } as const;
    const presented = { way: 'ONLINE_CODE', codeHash } as const;
    const request = { issuer: ISSUER, note: null, requestHash: codeHash, nowMs: NOW_MS };
    const paid = await store.pay({ ...request, payee, presented });
    expect(paid).toMatchObject({ payment: { outcome: 'PAID' } });
  }

  /**
   * The log, and branches behind it, each of which goes on from the one before behind a ride of its own; the last one,
   * with nothing of its own yet, is not sent.
   */
  async function branchesOf(count: number): Promise<ScriptedLog> {
    const forkOf = async (log: ScriptedLog, fromSeq: number) => {
      const next = log.fork();
      note(log);
      await (log === gate ? send(log, fromSeq) : sendAndAdopt(log, fromSeq));
      return next;
    };
    let log = await forkOf(gate, 1);
    for (let branch = 1; branch < count; branch += 1) {
      const fromSeq = ride(10 + branch, log);
      log = await forkOf(log, fromSeq);
    }
    return log;
  }

  describe('a void', () => {
    test.each([1, 2, 3, 5])('takes back a ride %i branches back', async (count) => {
      ride(1);
      ride(2);
      const last = await branchesOf(count);
      const before = await wallet();
      await sendAndAdopt(last, voidOf(2, last));
      expect(await wallet()).toBe((before ?? 0) + 250);
      expect((await ends()).slice(0, 2)).toEqual(['tap CHARGED', 'tap VOIDED']);
      // A ride that was taken back leaves its code to another gate's record of it.
      const other = await addGate(store, { gate: 'g2', line: 'M1' });
      other.ride({ account: a, counter: 2, atMs: NOW_MS + 1 });
      expect((await other.send(store)).items).toMatchObject([{ ruling: 'accepted' }]);
    });

    test('takes back what its own branches call so, not the log', async () => {
      ride(1);
      const first = gate.fork();
      ride(2);
      await send(gate);
      ride(3, first);
      const second = first.fork();
      note(first);
      await sendAndAdopt(first, 2);
      ride(4, second);
      const third = second.fork();
      note(second);
      await sendAndAdopt(second, 3);
      const from = voidOf(2, third);
      voidOf(3, third);
      await sendAndAdopt(third, from);
      expect(await ends()).toEqual([
        'tap CHARGED',
        'tap CHARGED',
        'tap VOIDED',
        'note null',
        'tap VOIDED',
        'note null',
        'void null',
        'void null',
      ]);
      expect(await wallet()).toBe(1500);
    });

    test.each(['in the log', 'two branches back'])(
      'takes back a ride that came only later: %s',
      async (where) => {
        ride(1);
        const first = gate.fork();
        note(gate);
        note(first);
        const second = first.fork();
        note(first);
        const last = where === 'in the log' ? first : second;
        const isTwoBack = last === second;
        const from = voidOf(1, last);
        // No part before it is here yet.
        if (isTwoBack) await sendAndAdopt(first, 2);
        await sendAndAdopt(last, isTwoBack ? from : 2);
        expect(await wallet()).toBe(2000);
        await send(gate);
        await store.judgeAllAgain();
        await drain(store);
        expect(await wallet()).toBe(2000);
        expect(await ends()).toContain('tap VOIDED');
      },
    );
  });

  describe('an answer', () => {
    test.each([1, 2, 3])('that opened is paired with its ask %i branches back', async (count) => {
      await pay(ID);
      const ask = gate.ask(ID);
      const last = await branchesOf(count);
      await sendAndAdopt(last, last.answer(ask, { verdict: 'open' }));
      expect((await ends()).at(-1)).toBe('answer PAID');
      expect(await wallet()).toBe(2000 - 250 * count);
      // Its void may stand behind another fork.
      const behind = last.fork();
      note(last);
      await sendAndAdopt(last, last.lastSeq);
      await sendAndAdopt(behind, voidOf(behind.lastSeq, behind));
      expect(await ends()).toContain('answer VOIDED');
      expect(await wallet()).toBe(2250 - 250 * count);
    });

    test.each([1, 2])('that refused gives back what was paid: %i branches back', async (count) => {
      await pay(ID);
      const ask = gate.ask(ID);
      const last = await branchesOf(count);
      const before = (await wallet()) ?? 0;
      await sendAndAdopt(last, last.answer(ask, { verdict: 'refuse', reason: 'NO_ANSWER' }));
      expect(await wallet()).toBe(before + 250);
    });

    test('is the ask its own branches call so, and none that the log has behind the fork', async () => {
      await pay(ID);
      await pay(OTHER_ID);
      ride(1);
      const first = gate.fork();
      gate.ask(ID);
      await send(gate);
      first.ask(OTHER_ID);
      const second = first.fork();
      note(first);
      await sendAndAdopt(first, 2);
      const from = second.answer(2, { verdict: 'refuse', reason: 'NO_ANSWER' });
      second.answer(1, { verdict: 'refuse', reason: 'NO_ANSWER' });
      await sendAndAdopt(second, from);
      expect(await ends()).toEqual([
        'tap CHARGED',
        'ask null',
        'ask null',
        'note null',
        'answer null',
        'answer ASK_UNKNOWN',
      ]);
      expect(await store.findPayment('gate:g1', ID)).toBeUndefined();
      expect(await wallet()).toBe(2000 - 250 - 250);
    });

    test('whose ask came only later counts then', async () => {
      await pay(ID);
      const ask = gate.ask(ID);
      const first = gate.fork();
      note(gate);
      await sendAndAdopt(first, first.answer(ask, { verdict: 'open' }));
      expect(await ends()).toEqual(['answer ASK_UNKNOWN']);
      await send(gate);
      await store.judgeAllAgain();
      await drain(store);
      expect((await ends()).sort()).toEqual(['answer PAID', 'ask null', 'note null']);
      expect(await wallet()).toBe(1750);
    });
  });
}
