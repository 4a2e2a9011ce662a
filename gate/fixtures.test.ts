/**
 * Every case of fixtures/codes through the gate's own decision, with both signature checks, and the
 * deny lists of fixtures/lists through the gate's own deny file.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verifyWithNoble } from '@stile/crypto/noble-verify.ts';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { denyIdHex } from '@stile/protocol/deny-list.ts';
import type { Reason, Verdict } from '@stile/protocol/reasons.ts';
import { openSigned, pinnedRoot, RootTrust } from '@stile/protocol/root-trust.ts';
import type { Verify } from '@stile/protocol/signature.ts';
import type { RootKey } from '@stile/protocol/signed.ts';
import { readTransitCode, type TransitCode } from '@stile/protocol/transit-code.ts';
import {
  type DenyHead,
  denyDeltaSchema,
  findFareCents,
  findIssuerKey,
  type TrustList,
  trustListSchema,
} from '@stile/protocol/trust-list.ts';
import { afterEach, describe, expect, test } from 'vitest';
import { admit, type ClockState, type Facts, type Rules } from './core/admit.ts';
import { buildDenyFile, openDenyFile } from './shell/store/deny-file.ts';
import { openSnapshot } from './shell/uplink/deny-snapshot.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
/** How long this boot has lasted in every case. */
const MONO_MS = 50_000_000;

type Gate = {
  line: string;
  scopes: number[];
  products: number[] | null;
  passbackS: number;
  maxListAgeS: number;
  closeListAgeS: number;
  denyAt: string;
  onClockUnknown: 'refuse' | 'admit';
  clock: ClockState;
  signedTime: string;
  barrierConnected: boolean;
  denied: string[];
  counterMax: number | null;
  openings: { acknowledgedAt: string | null; count: number }[];
  lastOpen: { at: string; elapsedS: number | null } | null;
};
type Situation = { text: string; at: string; trustList: string; gate: Partial<Gate> };
type CodeCase = Situation & {
  name: string;
  expected: { verdict: 'open' | 'refuse'; reason: Reason | null };
  precedence?: { second: Reason; withoutFirst: Partial<Situation> };
};

function readBytes(path: string): Uint8Array {
  return readFileSync(join(FIXTURES, path));
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(FIXTURES, path), 'utf8')) as T;
}

const GATE = readJson<Gate>('gate.json');
const CASES = readdirSync(join(FIXTURES, 'codes')).map((name) =>
  readJson<CodeCase>(`codes/${name}`),
);
const { rootKey } = readJson<{ rootKey: RootKey }>('lists/trust-expected.json');
const trustLists = new Map<string, TrustList>();

async function openTrust(path: string): Promise<TrustList> {
  const known = trustLists.get(path);
  if (known !== undefined) return known;
  const jws = Buffer.from(readBytes(path)).toString('utf8');
  const list = await openSigned('stile-trust-list+jws', jws, {
    root: new RootTrust(pinnedRoot(rootKey)),
    schema: trustListSchema,
  });
  trustLists.set(path, list);
  return list;
}

function factsOf(code: TransitCode, { trust, gate }: { trust: TrustList; gate: Gate }): Facts {
  const { issuer, issuerKeyId, account, serial } = code.pass;
  const key = findIssuerKey(trust, { issuer, keyId: issuerKeyId });
  const { lastOpen } = gate;
  const elapsedS = lastOpen?.elapsedS ?? null;
  return {
    issuerKey: key && { ...key, publicKeyBytes: fromHex(key.publicKey) ?? new Uint8Array(0) },
    denied: [0, serial].some((denied) =>
      gate.denied.includes(denyIdHex({ issuer, account, serial: denied })),
    ),
    denyAtS: Date.parse(gate.denyAt) / 1000,
    counterMax: gate.counterMax ?? undefined,
    openings: gate.openings.flatMap(({ acknowledgedAt, count }) =>
      Array.from({ length: count }, () => ({
        acknowledgedAtS: acknowledgedAt === null ? null : Date.parse(acknowledgedAt) / 1000,
      })),
    ),
    lastOpen:
      lastOpen === null
        ? undefined
        : {
            wallMs: Date.parse(lastOpen.at),
            monoMs: elapsedS === null ? undefined : MONO_MS - elapsedS * 1000,
          },
    clock: gate.clock,
    signedTimeS: Date.parse(gate.signedTime) / 1000,
    barrierConnected: gate.barrierConnected,
  };
}

type Setting = { trust: TrustList; gate: Gate; wallMs: number };

function rulesOf({ trust, gate, wallMs }: Setting): Rules {
  const { line, scopes, products, passbackS, onClockUnknown } = gate;
  const { maxListAgeS, closeListAgeS } = gate;
  return {
    line,
    scopes,
    products,
    passbackS,
    onClockUnknown,
    maxListAgeS,
    closeListAgeS,
    fareCents: findFareCents(trust.tariff, { line, atS: Math.floor(wallMs / 1000) }),
    codeLifetimeSMax: trust.limits.codeLifetimeSMax,
    skewS: trust.limits.skewS,
    trustVersion: trust.version,
    denyVersion: trust.deny.version,
    tariffVersion: trust.tariff.version,
  };
}

async function judge(situation: Situation, verify: Verify): Promise<Verdict> {
  const reading = readTransitCode(situation.text);
  if (!reading.ok) return { verdict: 'refuse', reason: reading.reason };
  const gate = { ...GATE, ...situation.gate };
  const trust = await openTrust(situation.trustList);
  const wallMs = Date.parse(situation.at);
  const facts = factsOf(reading.value, { trust, gate });
  const rules = rulesOf({ trust, gate, wallMs });
  return admit(reading.value, facts, { rules, now: { wallMs, monoMs: MONO_MS }, verify });
}

function verdictOf(reason: Reason | null): Verdict {
  return reason === null ? { verdict: 'open' } : { verdict: 'refuse', reason };
}

describe.each<[string, Verify]>([
  ['node:crypto', createNodeVerify()],
  ['noble', verifyWithNoble],
])('with %s', (_implementation, verify) => {
  test.each(CASES)('$name', async (entry) => {
    expect(entry.expected.verdict).toBe(entry.expected.reason === null ? 'open' : 'refuse');
    expect(await judge(entry, verify)).toEqual(verdictOf(entry.expected.reason));
  });

  const pairs = CASES.flatMap(({ precedence, ...entry }) =>
    precedence === undefined ? [] : [{ ...entry, ...precedence }],
  );
  test.each(pairs)('$name: without the first, $second is left', async (entry) => {
    const left = await judge({ ...entry, ...entry.withoutFirst }, verify);
    expect(left).toEqual(verdictOf(entry.second));
  });
});

type DenyExpected = {
  rootKey: RootKey;
  snapshots: { file: string; opens: boolean }[];
  deltasOnVersion5: { file: string; opens: boolean; applied: boolean }[];
  path: { file: string; head: DenyHead; ids?: string[] }[];
};

describe('deny lists', () => {
  const expected = readJson<DenyExpected>('lists/deny-expected.json');
  const root = new RootTrust(pinnedRoot(expected.rootKey));
  const folders: string[] = [];
  const files: ReturnType<typeof openDenyFile>[] = [];
  const noPause = async () => undefined;
  afterEach(() => {
    for (const file of files.splice(0)) file.close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  async function openVersion5() {
    const folder = mkdtempSync(join(tmpdir(), 'stile-deny-'));
    folders.push(folder);
    const file = join(folder, 'deny.db');
    const { head, body } = await openSnapshot(readBytes('lists/deny-snapshot-5.bin'), root);
    await buildDenyFile(file, { head, body, pause: noPause });
    const deny = openDenyFile(file);
    files.push(deny);
    return deny;
  }

  function openDelta(file: string) {
    const jws = Buffer.from(readBytes(`lists/${file}`)).toString('utf8');
    return openSigned('stile-deny-delta+jws', jws, { root, schema: denyDeltaSchema });
  }

  function deniesOnly(deny: ReturnType<typeof openDenyFile>, ids: readonly string[]): boolean {
    const known = expected.path.flatMap((step) => step.ids ?? []);
    return known.every((id) => {
      const issuer = Number.parseInt(id.slice(0, 4), 16);
      const serial = Number.parseInt(id.slice(20), 16);
      return deny.isDenied({ issuer, account: id.slice(4, 20), serial }) === ids.includes(id);
    });
  }

  test.each(expected.snapshots)('$file opens: $opens', async ({ file, opens }) => {
    const opening = openSnapshot(readBytes(`lists/${file}`), root);
    if (opens) expect((await opening).head.version).toBe(5);
    else await expect(opening).rejects.toMatchObject({ code: 'LIST_REFUSED' });
  });

  test.each(expected.deltasOnVersion5)('$file opens: $opens, applied: $applied', async (delta) => {
    const opening = openDelta(delta.file);
    if (!delta.opens) {
      await expect(opening).rejects.toMatchObject({ code: 'LIST_REFUSED' });
      return;
    }
    const deny = await openVersion5();
    const applying = deny.applyDelta(await opening, noPause);
    if (delta.applied) await applying;
    else await expect(applying).rejects.toMatchObject({ code: 'LIST_REFUSED' });
    expect(deny.head).toEqual(expected.path[delta.applied ? 1 : 0]?.head);
  });

  test('the path from the snapshot to the head of the trust list', async () => {
    const deny = await openVersion5();
    for (const { file, head, ids } of expected.path) {
      if (file.endsWith('.jws')) await deny.applyDelta(await openDelta(file), noPause);
      expect(deny.head).toEqual(head);
      if (ids !== undefined) expect(deniesOnly(deny, ids), file).toBe(true);
    }
    expect(deny.head).toEqual((await openTrust('lists/trust.jws')).deny);
  });
});
