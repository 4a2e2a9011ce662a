/** What any Store must do with what a gate says of the codes that it asked about. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addGate,
  addRider,
  drain,
  ISSUER,
  NOW_MS,
  readBooks,
  ScriptedLog,
} from '../../testing/log.ts';
import { storeProperty } from '../../testing/store-property.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

const FARE = 250;
const ID = 'a5'.repeat(16);

export function describeAsks(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  let gate: ScriptedLog;
  let a: string;
  let posted: Set<string>;
  beforeEach(async () => {
    ({ store, remove } = await open());
    posted = new Set();
    await store.setFare({ line: 'M1', fareCents: FARE, fromS: 0 }, NOW_MS);
    gate = await addGate(store, { gate: 'g1', line: 'M1' });
    a = await addRider(store, 'a');
    await store.topUp({ issuer: ISSUER, account: a, key: 'k', amountCents: 1000, nowMs: NOW_MS });
  });
  afterEach(async () => {
    await remove();
  });

  /** The gate's question reaches settlement: with a fresh online code, or the same again. */
  async function post(id = ID, of = 'g1') {
    const codeHash = `code for ${id}`;
    if (!posted.has(id)) {
      const times = { nowMs: NOW_MS, expiresAtMs: NOW_MS + 1 };
      const code = { codeHash, account: a, serial: 1, boundCents: null, ...times };
      await store.addOnlineCode(code);
      posted.add(id);
    }
    const answer = await store.pay({
      issuer: ISSUER,
      note: null,
      requestHash: codeHash,
      nowMs: NOW_MS,
      payee: { kind: 'gate', gate: of, line: 'M1', idempotencyKey: id },
      presented: { way: 'ONLINE_CODE', codeHash },
    });
    if (answer.kind === 'conflict') throw new Error('one id, one question');
    const { outcome, reason, refundedCents } = answer.payment;
    return { kind: answer.kind, outcome, reason, refundedCents };
  }
  async function sendLog(fromSeq = 1, toSeq = gate.lastSeq) {
    const reply = await gate.send(store, { fromSeq, toSeq });
    await drain(store);
    return reply.items.map(({ ruling, reason }) => reason ?? ruling);
  }
  const wallet = async () => (await store.readRider(ISSUER, a))?.balanceCents;
  const outcomes = async () =>
    (await store.listTaps({ gate: null, after: 0, limit: 99 })).map(
      ({ kind, outcome }) => `${kind} ${outcome}`,
    );
  const alarms = async () => (await store.listGates())[0]?.alarms;
  const refunds = async () =>
    (await store.listStatement(a, { after: null, limit: 99 })).filter(
      ({ kind }) => kind === 'refund',
    );

  describe('an ask that opened', () => {
    test('keeps what was paid, and is paired with it', async () => {
      expect(await post()).toMatchObject({ kind: 'decided', outcome: 'PAID' });
      gate.answer(gate.ask(ID), { verdict: 'open' });
      expect(await sendLog()).toEqual(['accepted', 'accepted']);
      expect(await outcomes()).toEqual(['ask null', 'answer PAID']);
      expect(await readBooks(store, ['a'])).toMatchObject({
        wallets: { a: 750 },
        revenue: { M1: FARE },
      });
      expect(await alarms()).toMatchObject({ unpaid: 0, rejected: 0 });
    });

    test('without a payment, or for another fare, is an alarm', async () => {
      gate.answer(gate.ask(ID), { verdict: 'open' });
      const other = 'b6'.repeat(16);
      await post(other);
      gate.answer(gate.ask(other), { verdict: 'open', fareCents: FARE - 1 });
      await sendLog();
      expect(await outcomes()).toEqual([
        'ask null',
        'answer UNPAID',
        'ask null',
        'answer OTHER_FARE',
      ]);
      expect(await alarms()).toMatchObject({ unpaid: 2 });
      expect(await wallet()).toBe(750);
    });

    test('for a payment under the same id of another gate is an alarm', async () => {
      await addGate(store, { gate: 'g2', line: 'M1' });
      await post(ID, 'g2');
      gate.answer(gate.ask(ID), { verdict: 'open' });
      await sendLog();
      expect(await alarms()).toMatchObject({ unpaid: 1 });
      expect(await refunds()).toEqual([]);
    });

    test('and was voided gives the fare back once, also when the void comes later', async () => {
      await post();
      const answer = gate.answer(gate.ask(ID), { verdict: 'open' });
      await sendLog();
      expect(await wallet()).toBe(750);
      gate.add({ kind: 'void', atMs: NOW_MS, of: answer });
      for (let times = 0; times < 2; times += 1) await sendLog(1);
      expect(await outcomes()).toEqual(['ask null', 'answer VOIDED', 'void null']);
      expect(await wallet()).toBe(1000);
      expect(await refunds()).toMatchObject([{ reason: 'GATE_DID_NOT_OPEN', amountCents: FARE }]);
      expect(await alarms()).toMatchObject({ unpaid: 0, rejected: 0 });
    });
  });

  describe('an ask that did not open', () => {
    test('gives back what was paid, once, however often its log is sent', async () => {
      await post();
      gate.answer(gate.ask(ID), { verdict: 'refuse', reason: 'NO_ANSWER' });
      await Promise.all([gate.send(store), gate.send(store)]);
      for (let times = 0; times < 2; times += 1) await sendLog();
      expect(await wallet()).toBe(1000);
      expect(await readBooks(store, ['a'])).toMatchObject({ revenue: {} });
      expect(await refunds()).toMatchObject([{ reason: 'GATE_DID_NOT_OPEN', amountCents: FARE }]);
      expect(await post()).toMatchObject({ kind: 'repeated', refundedCents: FARE });
      expect(await wallet()).toBe(1000);
    });

    test('closes its id where nothing was paid yet: a late question never pays', async () => {
      gate.answer(gate.ask(ID), { verdict: 'refuse', reason: 'NO_ANSWER' });
      await sendLog();
      for (let times = 0; times < 2; times += 1) {
        expect(await post()).toMatchObject({ outcome: 'REFUSED', reason: 'REVERSED' });
      }
      expect(await wallet()).toBe(1000);
      expect(await refunds()).toEqual([]);
    });

    test('is given back when its answer comes in a later batch than the ask', async () => {
      const ask = gate.ask(ID);
      await sendLog();
      expect(await post()).toMatchObject({ outcome: 'PAID' });
      await sendLog();
      expect(await wallet()).toBe(750);
      gate.answer(ask, { verdict: 'refuse', reason: 'NO_ANSWER' });
      await sendLog(2);
      expect(await wallet()).toBe(1000);
    });

    test('is given back by the job although the question overtook it', async () => {
      gate.answer(gate.ask(ID), { verdict: 'refuse', reason: 'NO_ANSWER' });
      await gate.send(store);
      expect(await post()).toMatchObject({ outcome: 'PAID' });
      await drain(store);
      expect(await wallet()).toBe(1000);
    });

    test('changes nothing where settlement had refused', async () => {
      await store.setDenied({
        id: Buffer.from(`0001${a}00000000`, 'hex'),
        note: 'stolen',
        nowMs: NOW_MS,
      });
      expect(await post()).toMatchObject({ outcome: 'REFUSED' });
      gate.answer(gate.ask(ID), { verdict: 'refuse', reason: 'DENIED' });
      await sendLog();
      expect(await outcomes()).toEqual(['ask null', 'answer null']);
      expect(await alarms()).toMatchObject({ unpaid: 0, rejected: 0 });
    });
  });

  describe('a log that contradicts itself', () => {
    test('an answer to nothing is rejected and moves no money', async () => {
      await post();
      const ask = gate.ask(ID);
      const tap = gate.ride({ account: a, counter: 1, atMs: NOW_MS });
      for (const of of [99, tap]) gate.answer(of, { verdict: 'refuse', reason: 'NO_ANSWER' });
      gate.answer(tap, { verdict: 'open' });
      gate.add({ kind: 'void', atMs: NOW_MS, of: ask });
      const rulings = ['ASK_UNKNOWN', 'ASK_UNKNOWN', 'ASK_UNKNOWN', 'accepted'];
      expect(await sendLog()).toEqual(['accepted', 'accepted', ...rulings]);
      expect(await wallet()).toBe(1000 - FARE - FARE);
      expect((await outcomes()).slice(1)).toEqual([
        'tap CHARGED',
        'answer ASK_UNKNOWN',
        'answer ASK_UNKNOWN',
        'answer ASK_UNKNOWN',
        'void null',
      ]);
      expect(await alarms()).toMatchObject({ rejected: 3 });
    });

    test.each([1, 2, 3])(
      'of two answers the first one counts, in batches of %i records',
      async (size) => {
        await post();
        const opened = gate.ask(ID);
        gate.answer(opened, { verdict: 'open' });
        gate.answer(opened, { verdict: 'refuse', reason: 'NO_ANSWER' });
        const other = 'b6'.repeat(16);
        await post(other);
        const shut = gate.ask(other);
        gate.answer(shut, { verdict: 'refuse', reason: 'NO_ANSWER' });
        gate.answer(shut, { verdict: 'open' });
        for (let from = 1; from <= 6; from += size) await sendLog(from, from + size - 1);
        expect(await outcomes()).toEqual([
          'ask null',
          'answer PAID',
          'answer EXTRA_ANSWER',
          'ask null',
          'answer null',
          'answer EXTRA_ANSWER',
        ]);
        expect(await wallet()).toBe(1000 - FARE);
        expect(await alarms()).toMatchObject({ rejected: 2 });
      },
    );
  });

  test('whatever comes first and how often, the same money ends in the same places', async () => {
    await store.topUp({
      issuer: ISSUER,
      account: a,
      key: 'more',
      amountCents: 100_000,
      nowMs: NOW_MS,
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(told, { minLength: 1, maxLength: 6 }), dice, async (asks, dies) => {
        run += 1;
        const log = new ScriptedLog('g1', 'M1', { epoch: run.toString(16).padStart(16, '0') });
        const before = await wallet();
        const steps = asks.map(({ isPosted }, index) => async () => {
          if (isPosted) await post(idOf(run, index));
        });
        for (const [index, { end }] of asks.entries()) writeEnd(log, { id: idOf(run, index), end });
        for (let seq = 1; seq <= log.lastSeq; seq += 1) {
          steps.push(async () => void (await log.send(store, { fromSeq: seq, toSeq: seq })));
        }
        const twice = [...steps, ...steps].map((step, index) => ({ step, at: dies[index] ?? 0 }));
        for (const { step, at } of twice.sort((one, other) => one.at - other.at)) {
          await step();
          if (at % 3 === 0) await drain(store);
        }
        await drain(store);
        const isKept = ({ end, isPosted }: Told) => isPosted && (end === 'open' || end === 'none');
        expect(await wallet()).toBe((before ?? 0) - FARE * asks.filter(isKept).length);
      }),
      storeProperty(25),
    );
    const { debitsCents, creditsCents } = await store.readTrialBalance();
    expect(debitsCents).toBe(creditsCents);
  });
}

type Told = { isPosted: boolean; end: 'none' | 'open' | 'refuse' | 'void' };
const told: fc.Arbitrary<Told> = fc.record({
  isPosted: fc.boolean(),
  end: fc.constantFrom('none', 'open', 'refuse', 'void'),
});
/** When each step is taken, the first and the second time; six asks make at most 24 steps. */
const dice = fc.array(fc.nat({ max: 1000 }), { minLength: 48, maxLength: 48 });

function idOf(run: number, index: number): string {
  return (run * 100 + index).toString(16).padStart(32, '0');
}

function writeEnd(log: ScriptedLog, { id, end }: { id: string; end: Told['end'] }): void {
  const ask = log.ask(id);
  if (end === 'none') return;
  if (end === 'refuse') {
    log.answer(ask, { verdict: 'refuse', reason: 'NO_ANSWER' });
    return;
  }
  const answer = log.answer(ask, { verdict: 'open' });
  if (end === 'void') log.add({ kind: 'void', atMs: NOW_MS, of: answer });
}
