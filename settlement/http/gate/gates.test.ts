/** Enrolment and batches over HTTP, with real keys, and every way in which they can be wrong. */

import { enrolmentBody } from '@stile/crypto/gate-token.ts';
import { generateKey, sha256 } from '@stile/crypto/sign.ts';
import { gateTokenIn } from '@stile/crypto/testing/gate-token.ts';
import { toHex, utf8 } from '@stile/protocol/bytes.ts';
import { addCheckDigits } from '@stile/protocol/check-digits.ts';
import { BATCH_BYTES_MAX, readBatch } from '@stile/protocol/gate-log.ts';
import type { GateEnrolment } from '@stile/protocol/http/gate-api.ts';
import { openSigned } from '@stile/protocol/root-trust.ts';
import {
  batchReplySchema,
  gateReceiptSchema,
  NONCE_HEADER,
  RECEIPT_HEADER,
} from '@stile/protocol/sync.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ScriptedGate } from '../../testing/gate.ts';
import { announcementOf, type ScriptedRider, ScriptedTown, START_MS } from '../../testing/town.ts';

let town: ScriptedTown;
let gate: ScriptedGate;
let rider: ScriptedRider;
beforeEach(async () => {
  town = await ScriptedTown.open();
  await town.setFare('M1', 250);
  gate = await town.addGate('g1', 'M1');
  rider = await town.addRider();
  await rider.topUp(1000);
});
afterEach(async () => {
  await town.close();
});

/** `as`: the batch that is announced, if it is not the one that is sent. */
async function refusal(bytes: Uint8Array, { to = 'g1', as = bytes } = {}) {
  const headers = announcementOf(as);
  const { status, body } = await town.ask(`/v1/gates/${to}/batches`, { bytes, headers });
  return `${status} ${(body as { code?: string }).code}`;
}

describe('enrolment', () => {
  async function enrol(change: Partial<GateEnrolment> = {}) {
    const made = await town.operate<{ token: string }>('POST', 'gates', {
      body: { gate: 'g2', line: 'M1' },
    });
    const key = generateKey('Ed25519');
    const body = { ...enrolmentBody(gateTokenIn(made.token), key), ...change };
    return await town.ask('/v1/gates/enrolments', { body });
  }

  test('a token and a proof buy an identity', async () => {
    const { status, body } = await enrol();
    expect(status).toBe(201);
    expect(body).toMatchObject({ gate: 'g2', line: 'M1', scope: 1, operator: 'Stile' });
    expect((body as { statements: unknown[] }).statements).toHaveLength(1);
  });

  test.each([
    ['a token that nobody made', { tokenKey: 'a'.repeat(64) }, '403 TOKEN_REFUSED'],
    ['a token that is not proven', { tokenProof: 'a'.repeat(128) }, '403 PROOF_REFUSED'],
    ['a proof by another key', { proof: 'a'.repeat(128) }, '403 PROOF_REFUSED'],
    ['a key of small order', { publicKey: `01${'0'.repeat(62)}` }, '400 KEY_REFUSED'],
    ['a key that is no key', { publicKey: 'zz' }, '400 REQUEST_INVALID'],
  ])('%s is refused', async (_name, change, answer) => {
    const { status, body } = await enrol(change);
    expect(`${status} ${(body as { code: string }).code}`).toBe(answer);
  });

  test('without a good token no curve arithmetic is done: the token is what is refused', async () => {
    const { token } = await town.operate<{ token: string }>('POST', 'gates', {
      body: { gate: 'g5', line: 'M1' },
    });
    const proven = enrolmentBody(gateTokenIn(token), generateKey('Ed25519'));
    const body = { ...proven, publicKey: `01${'0'.repeat(62)}`, proof: 'a'.repeat(128) };
    const enrol = async (change: object) => {
      const answer = await town.ask('/v1/gates/enrolments', { body: { ...body, ...change } });
      return `${answer.status} ${(answer.body as { code: string }).code}`;
    };
    expect(await enrol({ tokenKey: 'a'.repeat(64) })).toBe('403 TOKEN_REFUSED');
    expect(await enrol({})).toBe('400 KEY_REFUSED');
  });

  test('a token of another gate than the box has the log of is refused by name, and stays good', async () => {
    const { token } = await town.operate<{ token: string }>('POST', 'gates', {
      body: { gate: 'g2', line: 'M1' },
    });
    const body = enrolmentBody(gateTokenIn(token), generateKey('Ed25519'));
    const refused = await town.ask('/v1/gates/enrolments', { body: { ...body, gate: 'g1' } });
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({
      code: 'GATE_MISMATCH',
      message: expect.stringMatching(/of gate g2, .* log of g1/),
    });
    const enrolled = await town.ask('/v1/gates/enrolments', { body: { ...body, gate: 'g2' } });
    expect(enrolled).toMatchObject({ status: 201, body: { gate: 'g2' } });
  });

  test('a used token is refused, and so is a key that is a gate already', async () => {
    const { gate: name, line, key } = gate;
    await expect(town.enrolGate(gate)).rejects.toThrow('KEY_TAKEN');
    expect({ name, line, kept: key === gate.key }).toEqual({ name: 'g1', line: 'M1', kept: true });
  });

  test('batches sealed with the key before still count, for what was recorded then', async () => {
    gate.tap(rider.code(START_MS), { atMs: START_MS });
    const sealedBefore = gate.batch();
    const lateMs = START_MS + 5000 + 11 * 60_000;
    gate.tap(rider.code(lateMs), { atMs: lateMs });
    const sealedTooLate = gate.batch(2);
    town.clock.advance(5000);
    gate.key = generateKey('Ed25519');
    await town.enrolGate(gate);
    expect(await town.sendBytes('g1', sealedBefore)).toMatchObject({ ackSeq: 1 });
    expect(await refusal(sealedTooLate)).toBe('403 SEAL_BROKEN');
  });

  test('an epoch belongs to the key that opened it: no other of the gate can add to it', async () => {
    const stolen = new ScriptedGate('g1', 'M1', { epoch: 'ffffffffffffffff' });
    stolen.key = gate.key;
    gate.key = generateKey('Ed25519');
    await town.enrolGate(gate);
    const next = new ScriptedGate('g1', 'M1', { epoch: stolen.epoch });
    next.key = gate.key;
    next.tap(rider.code(START_MS), { atMs: START_MS });
    expect(await town.send(next)).toMatchObject({ ackSeq: 1 });
    // One line under the stolen key, where the new box is about to write.
    stolen.note(START_MS);
    stolen.note(START_MS);
    expect(await refusal(stolen.batch(2))).toBe('409 EPOCH_OF_OTHER_KEY');
    next.tap(rider.code(START_MS), { atMs: START_MS });
    const { items } = await town.send(next, { fromSeq: 2 });
    expect(items.map(({ ruling }) => ruling)).toEqual(['accepted']);
  });

  test('of what a revoked key seals nothing counts, however it is dated', async () => {
    const revoke = async (body: object) =>
      await town.operate('POST', 'gates/g1/revocation', { body });
    gate.tap(rider.code(START_MS), { atMs: START_MS });
    await town.send(gate);
    const stolen = gate.fork();
    gate.key = generateKey('Ed25519');
    await town.enrolGate(gate);
    town.clock.advance(30 * 86_400_000);
    expect(await revoke({ replacedOnly: true })).toEqual({ gate: 'g1', keys: 1 });
    stolen.tap(rider.code(START_MS), { atMs: START_MS });
    expect(await refusal(stolen.batch(2))).toBe('403 GATE_REVOKED');
    const backDated = new ScriptedGate('g1', 'M1');
    backDated.key = stolen.key;
    backDated.tap(rider.code(START_MS), { atMs: START_MS });
    expect(await refusal(backDated.batch())).toBe('403 GATE_REVOKED');
    await town.settled();
    expect(await town.operate('GET', `accounts/${rider.account}`)).toMatchObject({
      balanceCents: 750,
    });
    const box = new ScriptedGate('g1', 'M1');
    box.key = gate.key;
    box.note(START_MS);
    expect(await town.send(box)).toMatchObject({ ackSeq: 1 });
    expect(await revoke({})).toEqual({ gate: 'g1', keys: 1 });
    box.note(START_MS);
    expect(await refusal(box.batch(2))).toBe('403 GATE_REVOKED');
    const asked = box.question('0'.repeat(32), {
      code: addCheckDigits('72'.padEnd(18, '1')),
      atMs: START_MS,
    });
    const answer = await town.ask('/v1/gates/g1/payments', asked);
    expect(answer.status).toBe(401);
  });
});

describe('a batch as a whole', () => {
  test('the reply is as the protocol says, and a replay changes nothing', async () => {
    gate.tap(rider.code(START_MS), { atMs: START_MS });
    gate.tap('hello', { atMs: START_MS, verdict: 'refuse', reason: 'MALFORMED' });
    const reply = batchReplySchema.parse(await town.send(gate));
    expect(reply).toMatchObject({ gate: 'g1', epoch: gate.epoch, ackSeq: 2, denyVersion: 0 });
    expect(reply.trustVersion).toBeGreaterThan(0);
    await town.settled();
    const before = await town.operate('GET', 'trial-balance');
    const again = await town.send(gate);
    expect(again.items.map(({ ruling }) => ruling)).toEqual(['duplicate', 'duplicate']);
    await town.settled();
    expect(await town.operate('GET', 'trial-balance')).toEqual(before);
    expect((await rider.money()).balanceCents).toBe(750);
  });

  test('is confirmed by a receipt: signed, with the head of the log, the time and the nonce', async () => {
    gate.note(START_MS);
    gate.note(START_MS);
    const send = (nonce: string) =>
      town.ask('/v1/gates/g1/batches', { bytes: gate.batch(), headers: { [NONCE_HEADER]: nonce } });
    const nonce = '0a'.repeat(16);
    town.clock.advance(7_000);
    const { headers } = await send(nonce);
    const jws = String(headers[RECEIPT_HEADER]);
    const parts = { root: town.root, schema: gateReceiptSchema };
    const receipt = await openSigned('stile-gate-receipt+jws', jws, parts);
    const reading = readBatch(gate.batch(), sha256);
    const head = reading.ok ? toHex(reading.batch.head) : '';
    const { epoch } = gate;
    const place = { gate: 'g1', epoch, ackSeq: 2, head };
    const atMs = START_MS + 7_000;
    expect(receipt).toEqual({ stile: 'gate-receipt/1', ...place, atMs, nonce });
    expect((await send('no nonce')).status).toBe(400);
  });

  test('an unknown gate, another gate and a gate that never enrolled are refused', async () => {
    gate.note(START_MS);
    expect(await refusal(gate.batch(), { to: 'g9' })).toBe('404 GATE_UNKNOWN');
    await town.addGate('g2', 'M1');
    expect(await refusal(gate.batch(), { to: 'g2' })).toBe('400 GATE_MISMATCH');
    await town.operate('POST', 'gates', { body: { gate: 'g3', line: 'M1' } });
    const silent = new ScriptedGate('g3', 'M1');
    silent.note(START_MS);
    expect(await refusal(silent.batch(), { to: 'g3' })).toBe('403 SEAL_BROKEN');
    expect(await refusal(gate.batch(), { to: 'a%2Fb' })).toBe('400 REQUEST_INVALID');
  });

  test('garbage, a broken chain and a broken seal are refused, each by its name', async () => {
    gate.note(START_MS);
    gate.note(START_MS + 1);
    const text = Buffer.from(gate.batch()).toString();
    expect(await refusal(utf8('garbage'))).toBe('400 BATCH_MALFORMED');
    expect(await refusal(new Uint8Array(1000))).toBe('400 BATCH_MALFORMED');
    expect(await refusal(utf8(text.replace('0.1.0', '0.1.1')))).toBe('400 CHAIN_BROKEN');
    const sealed = /"sig":"(..)/.exec(text)?.[1] ?? '';
    const other = sealed === '00' ? '01' : '00';
    expect(await refusal(utf8(text.replace(`"sig":"${sealed}`, `"sig":"${other}`)))).toBe(
      '403 SEAL_BROKEN',
    );
    const stranger = gate.fork();
    stranger.key = generateKey('Ed25519');
    expect(await refusal(stranger.batch())).toBe('403 SEAL_BROKEN');
  });

  test('too many bytes and too many records are refused as too large', async () => {
    gate.note(START_MS);
    const tooLong = new Uint8Array(BATCH_BYTES_MAX + 1);
    expect(await refusal(tooLong, { as: gate.batch() })).toBe('413 BATCH_TOO_LARGE');
    for (let count = 1; count < 501; count += 1) gate.note(START_MS);
    expect(await refusal(gate.batch())).toBe('413 BATCH_TOO_LARGE');
    expect(await town.send(gate, { fromSeq: 1, toSeq: 500 })).toMatchObject({ ackSeq: 500 });
  });

  test('a body of another type is refused', async () => {
    const headers = announcementOf(gate.batch());
    expect(await town.ask('/v1/gates/g1/batches', { body: {}, headers })).toMatchObject({
      status: 400,
      body: { code: 'REQUEST_INVALID' },
    });
  });
});

describe('records', () => {
  test('each bad code is ruled on by itself and hinders no other', async () => {
    const now = START_MS;
    const other = await town.addRider('P-256');
    gate.tap(rider.code(now, other.key.algorithm === 'P-256' ? gate.key : other.key), {
      atMs: now,
    });
    gate.tap('TC1:NOTHING', { atMs: now });
    gate.tap(rider.code(now - 90_000), { atMs: now });
    gate.raw(utf8('{"v":1}'));
    gate.tap(other.code(now), { atMs: now });
    const { items, ackSeq } = await town.send(gate);
    expect(items.map(({ ruling, reason }) => `${ruling} ${reason ?? ''}`)).toEqual([
      'rejected BAD_DEVICE_SIGNATURE',
      'rejected MALFORMED',
      'rejected STALE_CODE',
      'parked UNREADABLE',
      'accepted ',
    ]);
    expect(ackSeq).toBe(5);
    await town.settled();
    expect((await rider.money()).balanceCents).toBe(1000);
    expect((await other.money()).debtCents).toBe(250);
    const taps = await town.operate<{ outcome: string }[]>('GET', 'taps?gate=g1');
    expect(taps.map(({ outcome }) => outcome)).toEqual([
      'BAD_DEVICE_SIGNATURE',
      'MALFORMED',
      'STALE_CODE',
      'UNREADABLE',
      'CHARGED',
    ]);
    const parked = await town.operate<{ lineBase64: string }[]>('GET', 'parked');
    expect(Buffer.from(parked[0]?.lineBase64 ?? '', 'base64').toString()).toBe('{"v":1}');
  });

  test('one screenshot at two gates costs one fare, and the operator sees the other', async () => {
    const second = await town.addGate('g2', 'M1');
    const text = rider.code(START_MS);
    gate.tap(text, { atMs: START_MS + 1 });
    second.tap(text, { atMs: START_MS + 2 });
    await town.send(gate);
    expect((await town.send(second)).items[0]).toMatchObject({ reason: 'EXTRA_USE' });
    await town.settled();
    expect((await rider.money()).balanceCents).toBe(750);
    const gates = await town.operate<{ gate: string; alarms: { extraUses: number } }[]>(
      'GET',
      'gates',
    );
    expect(gates.find(({ gate: name }) => name === 'g2')?.alarms.extraUses).toBe(1);
  });

  test('a forked log is kept and raises the alarm', async () => {
    gate.note(START_MS);
    const clone = gate.fork();
    gate.tap(rider.code(START_MS), { atMs: START_MS });
    clone.note(START_MS + 5);
    clone.note(START_MS + 6);
    await town.send(gate);
    const { items, ackSeq } = await town.send(clone, { fromSeq: 2 });
    expect(items.map(({ ruling, reason }) => `${ruling} ${reason}`)).toEqual([
      'conflict OTHER_BYTES',
      'parked FORK',
    ]);
    expect(ackSeq).toBe(2);
    const gates = await town.operate<{ alarms: object }[]>('GET', 'gates');
    expect(gates[0]?.alarms).toMatchObject({ conflicts: 1, forks: 1 });
  });
});

test('a full queue says when to come back, and takes the batch then', async () => {
  const busy = await ScriptedTown.open({ config: { batchesMax: 1 } });
  try {
    const scripted = await busy.addGate('g1', 'M1');
    for (let count = 0; count < 300; count += 1) scripted.note(START_MS);
    const bytes = scripted.batch();
    const answers = await Promise.all(
      [1, 2, 3].map(() => busy.ask('/v1/gates/g1/batches', { bytes })),
    );
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({
      body: { code: 'UPLINK_BUSY' },
      headers: { 'retry-after': '1' },
    });
    expect(await busy.send(scripted)).toMatchObject({ ackSeq: 300 });
  } finally {
    await busy.close();
  }
});
