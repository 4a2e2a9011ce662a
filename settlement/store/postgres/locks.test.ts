/** Who waits for whom: what two use cases both decide from is read by one after the other, and nothing else is. */

import { denyId } from '@stile/protocol/deny-list.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wholeBatch } from '../../core/logs/batch.ts';
import { rulingQuery } from '../../core/logs/ruling-query.ts';
import type { PaymentRequest } from '../../core/payments/pay.ts';
import { ISSUER, NOW_MS, ScriptedLog } from '../../testing/log.ts';
import { usePostgres } from '../../testing/postgres-server.ts';
import { isHeldUp, type Reading } from '../../testing/two-sessions.ts';
import { readPayments } from '../payments/read-payments.ts';
import { slotOf } from './ids.ts';
import { openPool, type SessionPool } from './session.ts';

const server = usePostgres();
const [A, B] = ['00000000000000aa', '00000000000000bb'] as const;
const GATES = ['g1', 'g2', sameSlotAs('g1')] as const;
let pool: SessionPool;

beforeAll(async () => {
  pool = openPool({ url: await server.freshDatabase(), connectionsMax: 4 });
  const { run } = pool.session;
  for (const gate of GATES) {
    const slot = slotOf(gate);
    await run('INSERT INTO gate (gate, slot, scope, created_at_ms) VALUES ($1, $2, 1, 0)', [
      gate,
      slot,
    ]);
  }
  const slot = slotOf('g1');
  await run(
    `INSERT INTO gate_epoch (id, slot, gate, epoch, last_seq, head)
     VALUES ($1, $2, 'g1', 'e', 3, sha256(''))`,
    [epochOfG1(), slot],
  );
  for (const [index, account] of [A, B].entries()) {
    await run('INSERT INTO account (account, created_at_ms) VALUES ($1, 0)', [account]);
    await run(`INSERT INTO pass VALUES ($1, 1, 'Ed25519', $1, 0)`, [account]);
    await run(`INSERT INTO payment_seed VALUES ($1, $2, 1, 'k', '', 0, $3, 0, NULL, 0, 0)`, [
      handleOf(account),
      account,
      NOW_MS * 2,
    ]);
    await run(`INSERT INTO merchant VALUES ($1, $1, $1, NULL, 0, 0)`, [`m${index + 1}`]);
    await run(`INSERT INTO purchase_order VALUES ($1, $2, $1, 300, NULL, 'OPEN', 0, $3)`, [
      `order-m${index + 1}`,
      `m${index + 1}`,
      NOW_MS * 2,
    ]);
    await run(
      `INSERT INTO outbox (id, shard, kind, cursor, until, subject, attempts, created_at_ms)
       VALUES ($1, 0, 'settle', 0, 9, '', 0, 0)`,
      [(index + 1) * 64],
    );
  }
});

afterAll(async () => await pool.close());

/** Another gate whose epochs are numbered with those of this one. */
function sameSlotAs(gate: string): string {
  let number = 3;
  while (slotOf(`g${number}`) !== slotOf(gate)) number += 1;
  return `g${number}`;
}

function epochOfG1(): number {
  return slotOf('g1') * 2 ** 18 + 1;
}

function handleOf(account: string): string {
  return account.slice(8);
}

function pay(account: string, payee: PaymentRequest['payee']): Reading {
  const presented = { way: 'PAYMENT_CODE', handle: handleOf(account), timeStep: 9 } as const;
  const request = { issuer: ISSUER, payee, presented, note: null, requestHash: 'h', nowMs: NOW_MS };
  return (facts) => readPayments(facts, [request]);
}

function at(merchant: string): PaymentRequest['payee'] {
  return { kind: 'merchant', merchant, idempotencyKey: 'sale', amountCents: 300 };
}

function atGate(gate: string): PaymentRequest['payee'] {
  return { kind: 'gate', gate, line: 'A', idempotencyKey: '0011' };
}

function settle(...accounts: readonly string[]): Reading {
  const uses = accounts.map((account) => `${ISSUER}/${account}/1/1/1`);
  return (facts) => facts.settle(uses.map((use, index) => ({ id: index + 1, use })));
}

function log(gate: string, epoch: string): Reading {
  const scripted = new ScriptedLog(gate, 'A', { epoch });
  scripted.ride({ account: A, counter: 1, atMs: NOW_MS });
  return (facts) => facts.log(wholeBatch(scripted.batch()));
}

/** A tap of a pass that was not given out. */
function rule(account: string): Reading {
  const scripted = new ScriptedLog('g1', 'A');
  scripted.ride({ account, counter: 1, atMs: NOW_MS });
  const query = rulingQuery(scripted.batch().records);
  return (facts) => facts.rulingFacts({ epochId: 1, gate: 'g1' }, query);
}

const topUp =
  (account: string): Reading =>
  (facts) =>
    facts.topUp({ account, key: 't' });
const passIssue =
  (account: string): Reading =>
  (facts) =>
    facts.passIssue({ account, serial: 1, nowS: NOW_MS / 1000 });
const newOrder =
  (merchant: string): Reading =>
  (facts) =>
    facts.newOrder({ merchant, idempotencyKey: 'sale' });
const refund =
  (merchant: string): Reading =>
  (facts) =>
    facts.refund({ merchant, idempotencyKey: 'sale', reversalS: 60, nowMs: NOW_MS });
const confirm =
  (account: string, merchant: string): Reading =>
  (facts) =>
    facts.confirmation({
      issuer: ISSUER,
      order: `order-${merchant}`,
      account,
      serial: 1,
      amountCents: 300,
      nowMs: NOW_MS,
    });
const writeOff =
  (account: string): Reading =>
  (facts) =>
    facts.writeOff({ gate: 'g1', line: 'A', use: `${ISSUER}/${account}/1/1/1`, record: 0 });
const retime: Reading = (facts) =>
  facts.retimePiece({ epochId: epochOfG1(), after: 0, upTo: 9, limit: 5 });

function enrol(account: string, address: string): Reading {
  const rider = { account, publicKey: account, issuer: ISSUER, inviteHash: null, personHash: null };
  const from = { address, perHourMax: 5 };
  return (facts) => facts.riderEnrolment({ ...rider, from, nowMs: NOW_MS });
}

type Pairs = Record<string, readonly [first: Reading, second: Reading]>;

const HELD_UP: Pairs = {
  'payments of one account': [pay(A, at('m1')), pay(A, at('m2'))],
  'payments to one merchant': [pay(A, at('m1')), pay(B, at('m1'))],
  'payments at one gate': [pay(A, atGate('g1')), pay(B, atGate('g1'))],
  'a payment and a top-up': [pay(A, at('m1')), topUp(A)],
  'top-ups of one account': [topUp(A), topUp(A)],
  'settling and a payment': [settle(A, B), pay(B, at('m1'))],
  'a top-up and settling': [topUp(B), settle(A, B)],
  'settling one account twice': [settle(A), settle(B, A)],
  'settling and writing off': [settle(A), writeOff(A)],
  'two parts of one log': [log('g1', 'e1'), log('g1', 'e1')],
  'two parts of a log that is there': [log('g1', 'e'), log('g1', 'e')],
  'two logs of one gate': [log('g1', 'e1'), log('g1', 'e2')],
  'new logs in one slot': [log('g1', 'e1'), log(GATES[2], 'e1')],
  'a log and dating it again': [log('g1', 'e'), retime],
  'orders of one merchant': [newOrder('m1'), newOrder('m1')],
  'an order and a payment': [newOrder('m1'), pay(A, at('m1'))],
  'confirming and taking back': [confirm(A, 'm1'), (facts) => facts.order('order-m1')],
  'confirming and paying': [confirm(A, 'm1'), pay(A, at('m2'))],
  'a refund and a payment': [refund('m1'), pay(A, at('m1'))],
  'settling and a new fare': [settle(A), (facts) => facts.fare()],
  'a new fare and settling': [(facts) => facts.fare(), settle(A)],
  'a pass and a tap that waits for it': [passIssue(A), rule(A)],
  'a tap that waits for a pass, and it': [rule(A), passIssue(A)],
  'two enrolments from one address': [enrol('a', '::1'), enrol('b', '::1')],
  'two acts': [(facts) => facts.nextAct(), (facts) => facts.nextAct()],
  'two resolutions': [(facts) => facts.nextResolution(), (facts) => facts.nextResolution()],
  'two versions of the deny list': [(facts) => facts.denyList(5), (facts) => facts.denyList(5)],
  'a payment and a denial': [
    pay(A, at('m1')),
    (facts) => facts.denial(denyId({ issuer: ISSUER, account: A, serial: 0 })),
  ],
};

const AT_ONCE: Pairs = {
  'payments of two accounts to two merchants': [pay(A, at('m1')), pay(B, at('m2'))],
  'payments at two gates': [pay(A, atGate('g1')), pay(B, atGate('g2'))],
  'settling two accounts': [settle(A), settle(B)],
  'logs of two gates': [log('g1', 'e1'), log('g2', 'e1')],
  'two parts of logs that are there, in one slot': [log('g1', 'e'), log(GATES[2], 'e1')],
  'enrolments from two addresses': [enrol('a', '::1'), enrol('b', '::2')],
  'orders of two merchants': [newOrder('m1'), newOrder('m2')],
  'a log and settling': [log('g1', 'e1'), settle(A)],
  'a pass and a tap of somebody else': [passIssue(A), rule(B)],
  'two taps that wait for one pass': [rule(A), rule(A)],
};

describe('one after the other', () => {
  test.each(Object.entries(HELD_UP))('%s', async (_name, [first, second]) => {
    expect(await isHeldUp(pool, { first, second })).toBe(true);
  });
});

describe('at once', () => {
  test.each(Object.entries(AT_ONCE))('%s', async (_name, [first, second]) => {
    expect(await isHeldUp(pool, { first, second })).toBe(false);
  });
});

test('work that somebody does is not taken by another', async () => {
  const taken: (number | undefined)[] = [];
  const take: Reading = async (facts) => {
    taken.push((await facts.nextWork({ dueMs: NOW_MS, dueBeyondMs: NOW_MS * 2 }))?.id);
  };
  expect(await isHeldUp(pool, { first: take, second: take })).toBe(false);
  expect(taken).toEqual([64, 128]);
});
