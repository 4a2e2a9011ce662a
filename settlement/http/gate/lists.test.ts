/** What gates fetch, opened as a gate opens it: signature, schema, digest, version. */
import { sha256 } from '@stile/crypto/sign.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import {
  DENY_ID_BYTES,
  type DenyTarget,
  denyId,
  denyIdHex,
  EMPTY_SET_DIGEST,
  updateSetDigest,
} from '@stile/protocol/deny-list.ts';
import { openSigned, type RootTrust } from '@stile/protocol/root-trust.ts';
import {
  denyDeltaSchema,
  denySnapshotSchema,
  type TrustList,
  trustListSchema,
} from '@stile/protocol/trust-list.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ScriptedGate } from '../../testing/gate.ts';
import { type Asked, ScriptedTown } from '../../testing/town.ts';

let town: ScriptedTown;
let root: RootTrust;
let gate: ScriptedGate;
beforeEach(async () => {
  town = await ScriptedTown.open();
  root = town.root;
  gate = await town.addGate('harbour', 'M1');
});
afterEach(async () => {
  await town.close();
});

const textOf = (body: unknown) => Buffer.from(body as Uint8Array).toString();

async function fetchTrust(): Promise<TrustList> {
  const { body, headers } = await town.ask('/v1/trust-list');
  expect(headers['content-type']).toBe('application/jose');
  return await openSigned('stile-trust-list+jws', textOf(body), {
    root,
    schema: trustListSchema,
  });
}

async function fetchSnapshot() {
  const { body } = await town.askDeny(gate, { rest: 'snapshot' });
  const file = Buffer.from(body as Uint8Array);
  const end = file.indexOf('\n');
  const jws = file.subarray(0, end).toString();
  const head = await openSigned('stile-deny-snapshot+jws', jws, {
    root,
    schema: denySnapshotSchema,
  });
  const ids = file.subarray(end + 1);
  expect(ids.length).toBe(head.count * DENY_ID_BYTES);
  expect(toHex(sha256(ids))).toBe(head.bodySha256);
  return { head, ids };
}

/** Digests that a list has if this id came or went; without an id, the digest itself. */
function stepOf(from: string, target?: DenyTarget): string[] {
  if (target === undefined) return [from];
  const ids = [denyId(target)];
  return [
    updateSetDigest(from, { adds: ids, removes: [], sha256 }),
    updateSetDigest(from, { adds: [], removes: ids, sha256 }),
  ];
}

async function deny(
  account: string,
  { method = 'POST', serial }: { method?: 'POST' | 'DELETE'; serial?: number } = {},
) {
  const body = { account, ...(serial === undefined ? {} : { serial }) };
  await town.operate(method, 'denials', {
    body: method === 'POST' ? { ...body, note: 'lost' } : body,
  });
  await town.settled();
}

describe('the trust list', () => {
  test('names issuer keys, limits, fares and the deny list, from the first moment', async () => {
    expect(await fetchTrust()).toMatchObject({
      operator: 'Stile',
      currency: 'EUR',
      version: 1,
      tariff: { version: 1, lines: [] },
      issuers: [{ issuer: 1, keyId: 1, status: 'active' }],
      limits: { codeLifetimeSMax: 120, skewS: 20 },
      deny: { version: 0, count: 0, setDigest: EMPTY_SET_DIGEST },
    });
  });

  test('who has it is told so', async () => {
    const { headers } = await town.ask('/v1/trust-list');
    const asked: Asked = { headers: { 'if-none-match': String(headers.etag) } };
    expect(headers.etag).toMatch(/^"[0-9a-f]{64}"$/);
    expect((await town.ask('/v1/trust-list', asked)).status).toBe(304);
    await town.setFare('M1', 250);
    await town.settled();
    expect((await town.ask('/v1/trust-list', asked)).status).toBe(200);
  });

  test('a fare, a key and a denial each make a new version', async () => {
    await town.setFare('M1', 250);
    await town.settled();
    expect(await fetchTrust()).toMatchObject({
      version: 2,
      tariff: { version: 2, lines: [{ line: 'M1', fareCents: 250, fromS: 0 }] },
    });
    await town.operate('POST', 'issuer-keys', { body: { now: true } });
    await town.settled();
    expect((await fetchTrust()).issuers.map(({ keyId, status }) => `${keyId} ${status}`)).toEqual([
      '1 retired',
      '2 active',
    ]);
    await deny((await town.addRider()).account);
    expect(await fetchTrust()).toMatchObject({ version: 4, deny: { version: 1, count: 1 } });
  });

  test('says nothing of who is denied to whoever knows an id, also if it is asked each time', async () => {
    const { account } = await town.addRider();
    const heads = [(await fetchTrust()).deny];
    for (const method of ['POST', 'DELETE', 'POST'] as const) {
      await deny(account, { method });
      heads.push((await fetchTrust()).deny);
    }
    const digests = heads.map(({ setDigest }) => setDigest);
    // The same ids again are not seen to be the same.
    expect(new Set(digests).size).toBe(heads.length);
    for (const serial of [0, 1]) {
      for (const from of digests) {
        const reached = [stepOf(from, { issuer: 1, account, serial }), stepOf(EMPTY_SET_DIGEST)];
        for (const digest of reached.flat()) expect(digests.slice(1)).not.toContain(digest);
      }
    }
  });

  test('that says the same of the deny list says it in the same words', async () => {
    await deny((await town.addRider()).account);
    const before = await fetchTrust();
    await town.setFare('M1', 250);
    await town.settled();
    const after = await fetchTrust();
    expect(after.version).toBe(before.version + 1);
    expect(after.deny).toEqual(before.deny);
  });

  test('is signed anew now and then, without a change', async () => {
    town.clock.advance(6 * 3_600_000);
    await town.settled();
    while ((await fetchTrust()).version === 1) await town.settled();
    const list = await fetchTrust();
    expect(list.version).toBe(2);
    expect(list.issuedAtS).toBe(town.clock.now().wallMs / 1000);
  });
});

describe('the deny list', () => {
  test('snapshot, delta and trust list say the same', async () => {
    const [a, b] = [await town.addRider(), await town.addRider()];
    await deny(a.account);
    await deny(b.account, { serial: 1 });
    await deny(a.account, { method: 'DELETE' });
    const { deny: head } = await fetchTrust();
    expect(head).toMatchObject({ version: 3, count: 1 });
    const snapshot = await fetchSnapshot();
    expect(snapshot.head).toMatchObject(head);
    const id = denyIdHex({ issuer: 1, account: b.account, serial: 1 });
    expect(snapshot.ids.toString('hex')).toBe(id);
    const { body } = await town.askDeny(gate, { rest: 'delta?from=1' });
    const delta = await openSigned('stile-deny-delta+jws', textOf(body), {
      root,
      schema: denyDeltaSchema,
    });
    expect(delta).toMatchObject({
      from: 1,
      ...head,
      adds: [id],
      removes: [denyIdHex({ issuer: 1, account: a.account, serial: 0 })],
      force: false,
    });
  });

  test.each([
    ['the version in force', '?from=1', 204, undefined],
    ['a version that never was', '?from=99', 410, 'DELTA_UNAVAILABLE'],
    ['no number', '?from=x', 400, 'REQUEST_INVALID'],
    ['a version below zero', '?from=-1', 400, 'REQUEST_INVALID'],
    ['nothing', '', 400, 'REQUEST_INVALID'],
  ])('a delta from %s', async (_name, query, status, code) => {
    await deny((await town.addRider()).account);
    const answer = await town.askDeny(gate, { rest: `delta${query}` });
    expect(answer.status).toBe(status);
    if (code !== undefined) expect(answer.body).toMatchObject({ code });
  });

  test('many debts of one batch make one version, not one each', async () => {
    await town.setFare('M1', 250);
    const gate = await town.addGate('g1', 'M1');
    const now = town.clock.now().wallMs;
    for (let count = 0; count < 12; count += 1)
      gate.tap((await town.addRider()).code(now), { atMs: now });
    await town.send(gate);
    await town.settled();
    expect((await fetchTrust()).deny).toMatchObject({ version: 1, count: 12 });
  });

  test('an unknown account cannot be denied', async () => {
    const token = town.operatorToken;
    const body = { account: 'f'.repeat(16), note: 'x' };
    const answer = await town.ask('/v1/operator/denials', { token, body });
    expect(answer).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });
});
