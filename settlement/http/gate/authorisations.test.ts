/** A gate's question over HTTP: who may ask, the signed answer, and that one id is decided once. */

import { addCheckDigits } from '@stile/protocol/check-digits.ts';
import {
  type AuthorisationAnswer,
  authorisationAnswerSchema,
} from '@stile/protocol/http/gate-api.ts';
import { openSigned, type RootTrust } from '@stile/protocol/root-trust.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ScriptedGate } from '../../testing/gate.ts';
import { type ScriptedRider, ScriptedTown, START_MS } from '../../testing/town.ts';

const ID = 'a5'.repeat(16);
const FARE = 250;

let town: ScriptedTown;
let gate: ScriptedGate;
let rider: ScriptedRider;
let root: RootTrust;
beforeEach(async () => {
  town = await ScriptedTown.open();
  await town.setFare('M1', FARE);
  gate = await town.addGate('g1', 'M1');
  rider = await town.addRider();
  await rider.topUp(1_000);
  root = town.root;
});
afterEach(async () => {
  await town.close();
});

type Question = ReturnType<ScriptedGate['question']>;

async function post(question: Question, to = gate.gate) {
  return await town.ask(`/v1/gates/${to}/payments`, question);
}

/** Asks and opens the answer as a gate does. */
async function answerTo(question: Question): Promise<AuthorisationAnswer> {
  const { status, body, headers } = await post(question);
  expect({ status, type: headers['content-type'] }).toEqual({
    status: 200,
    type: 'application/jose',
  });
  const jws = Buffer.from(body as Uint8Array).toString();
  const type = 'stile-gate-payment-answer+jws';
  return await openSigned(type, jws, { root, schema: authorisationAnswerSchema });
}

async function refusal(question: Question, to?: string) {
  const { status, body } = await post(question, to);
  return `${status} ${(body as { code?: string }).code}`;
}

const balance = async () => (await rider.money()).balanceCents;

describe('an answer', () => {
  test('is signed by the operator, for this gate and id, with the fare of now', async () => {
    const answer = await answerTo(
      gate.question(ID, { code: await rider.onlineCode(), atMs: START_MS }),
    );
    expect(answer).toEqual({
      stile: 'gate-payment-answer/1',
      gate: 'g1',
      id: ID,
      issuedAtS: START_MS / 1000,
      outcome: 'PAID',
      reason: null,
      fareCents: FARE,
    });
    expect(await balance()).toBe(1_000 - FARE);
  });

  test('to a payment code is the same in kind', async () => {
    const seed = await rider.fetchSeed();
    const answer = await answerTo(
      gate.question(ID, { code: seed.codeAt(START_MS), atMs: START_MS }),
    );
    expect(answer).toMatchObject({ outcome: 'PAID', fareCents: FARE });
  });

  test('that refuses says why, names no fare and is signed as well', async () => {
    const answer = await answerTo(
      gate.question(ID, { code: addCheckDigits(`72${'0'.repeat(16)}`), atMs: START_MS }),
    );
    expect(answer).toMatchObject({ outcome: 'REFUSED', reason: 'CODE_REFUSED', fareCents: null });
  });

  test('to the same question again is the same, signed afresh, and costs nothing more', async () => {
    const question = gate.question(ID, { code: await rider.onlineCode(), atMs: START_MS });
    const first = await answerTo(question);
    town.clock.advance(2_000);
    const again = await answerTo(question);
    expect(again).toEqual({ ...first, issuedAtS: first.issuedAtS + 2 });
    expect(await balance()).toBe(1_000 - FARE);
  });

  test('to the same question three times at once is one payment', async () => {
    const question = gate.question(ID, { code: await rider.onlineCode(), atMs: START_MS });
    const answers = await Promise.all([question, question, question].map(answerTo));
    expect(answers.map(({ outcome }) => outcome)).toEqual(['PAID', 'PAID', 'PAID']);
    expect(await balance()).toBe(1_000 - FARE);
  });

  test('says REVERSED once the gate has told that it did not open', async () => {
    const question = gate.question(ID, { code: await rider.onlineCode(), atMs: START_MS });
    expect(await answerTo(question)).toMatchObject({ outcome: 'PAID' });
    gate.answer(gate.ask(ID, START_MS), { atMs: START_MS, reason: 'NO_ANSWER' });
    await town.send(gate);
    await town.settled();
    expect(await answerTo(question)).toMatchObject({ outcome: 'REFUSED', reason: 'REVERSED' });
    expect(await balance()).toBe(1_000);
  });

  test('to a question that comes after the log says REVERSED and takes nothing', async () => {
    gate.answer(gate.ask(ID, START_MS), { atMs: START_MS, reason: 'NO_ANSWER' });
    await town.send(gate);
    await town.settled();
    const late = gate.question(ID, { code: await rider.onlineCode(), atMs: START_MS });
    expect(await answerTo(late)).toMatchObject({ outcome: 'REFUSED', reason: 'REVERSED' });
    expect(await balance()).toBe(1_000);
  });

  test('refuses a payment code in signed words where payment codes are off', async () => {
    await town.close();
    town = await ScriptedTown.open({ seedKeys: null });
    gate = await town.addGate('g1', 'M1');
    root = town.root;
    const answer = await answerTo(
      gate.question(ID, { code: '71000123454611924629', atMs: START_MS }),
    );
    expect(answer).toMatchObject({ outcome: 'REFUSED', reason: 'CODE_REFUSED' });
  });
});

describe('a question', () => {
  test.each(['another key', 'no key', 'a changed body', 'an unknown gate'])(
    'with %s is not looked at, in the same words',
    async (wrong) => {
      const code = await rider.onlineCode();
      const good = gate.question(ID, { code, atMs: START_MS });
      const stranger = new ScriptedGate('g1', 'M1').question(ID, { code, atMs: START_MS });
      const headers = { ...good.headers, 'stile-signature': '' };
      const text = Buffer.from(good.bytes).toString().replace('M1', 'M2');
      const asked: Record<string, [Question, string]> = {
        'another key': [stranger, 'g1'],
        'no key': [{ ...good, headers }, 'g1'],
        'a changed body': [{ ...good, bytes: Buffer.from(text) }, 'g1'],
        'an unknown gate': [good, 'g9'],
      };
      const [question, to] = asked[wrong] ?? [good, 'g1'];
      const { status, body } = await post(question, to);
      expect({ status, body }).toEqual({
        status: 401,
        body: { code: 'UNAUTHENTICATED', message: "this is not signed by the gate's key" },
      });
      expect(await balance()).toBe(1_000);
    },
  );

  test.each([-86_400_000, 0, 86_400_000])(
    'by a clock that is %i ms off is judged by settlement’s own',
    async (awayMs) => {
      const code = await rider.onlineCode();
      const question = gate.question(ID, { code, atMs: START_MS + awayMs });
      expect(await answerTo(question)).toMatchObject({ outcome: 'PAID' });
      town.clock.advance(61_000);
      const late = gate.question('b'.repeat(32), {
        code: await rider.onlineCode(),
        atMs: START_MS + awayMs,
      });
      town.clock.advance(61_000);
      expect(await answerTo(late)).toMatchObject({ reason: 'CODE_EXPIRED' });
      expect(await balance()).toBe(1_000 - FARE);
    },
  );

  test('under an id that asked something else is a conflict', async () => {
    await answerTo(gate.question(ID, { code: await rider.onlineCode(), atMs: START_MS }));
    const other = gate.question(ID, { code: await rider.onlineCode(), atMs: START_MS });
    expect(await refusal(other)).toBe('409 KEY_REUSED');
    expect(await balance()).toBe(1_000 - FARE);
  });

  test.each([
    ['an id too short', 'a5', addCheckDigits('72'.padEnd(18, '1'))],
    ['a transit code', ID, 'ABC'],
    ['digits of another scheme', ID, addCheckDigits('62'.padEnd(18, '1'))],
    ['check digits of another code', ID, '72'.padEnd(20, '1')],
  ])('with %s is no question, however well signed', async (_what, id, code) => {
    expect(await refusal(gate.question(id, { code, atMs: START_MS }))).toBe('400 REQUEST_INVALID');
  });
});
