/** The fixtures that are wire formats: fields of codes, trust lists, gate logs, keys. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isKeyOfPrimeOrder, verifyWithNoble } from '@stile/crypto/noble-verify.ts';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { keyFromJwk, type PrivateJwk, sha256 } from '@stile/crypto/sign.ts';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { fromHex, toHex, utf8 } from './bytes.ts';
import { genesisHash, readBatch, readRecord, sealHolds } from './gate-log.ts';
import { gateIdentitySchema } from './http/gate-api.ts';
import { gateRequestMessage, isChallenge, readGateSignature } from './http/gate-request.ts';
import { claimedRootKey, openSigned, pinnedRoot, type RootState, RootTrust } from './root-trust.ts';
import { signatureHolds } from './signature.ts';
import { claimedSigner, type RootKey, type SignedType } from './signed.ts';
import { gateReceiptSchema } from './sync.ts';
import { readTransitCode, type TransitCode, writeTransitCode } from './transit-code.ts';
import { trustListSchema } from './trust-list.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

function readText(path: string): string {
  return readFileSync(join(FIXTURES, path), 'utf8');
}

function readJson<T>(path: string): T {
  return JSON.parse(readText(path)) as T;
}

function namesIn(folder: string): string[] {
  return readdirSync(join(FIXTURES, folder));
}

type CodeCase = {
  name: string;
  text: string;
  expected: { reason: string | null };
  fields: Record<string, unknown> | null;
};

function fieldsOf({ pass, ...code }: TransitCode): Record<string, unknown> {
  const { issuedAtS, deviceKey, ...numbers } = pass;
  const at = (unixS: number) => new Date(unixS * 1000).toISOString();
  return {
    version: 1,
    ...numbers,
    issuedAt: at(issuedAtS),
    expiresAt: at(issuedAtS + pass.lifetimeMin * 60),
    deviceKey: toHex(deviceKey),
    issuerSignature: toHex(code.issuerSignature),
    generatedAt: at(code.generatedAtS),
    counter: code.counter,
    flags: code.flags,
    deviceSignature: toHex(code.deviceSignature),
  };
}

describe('codes', () => {
  const cases = namesIn('codes').map((name) => readJson<CodeCase>(`codes/${name}`));
  const readable = cases.filter(({ fields }) => fields !== null);
  const unreadable = cases.filter(({ fields }) => fields === null);

  test.each(readable)('$name is read into its fields, and written back', ({ text, fields }) => {
    const reading = readTransitCode(text);
    if (!reading.ok) throw new Error(reading.detail);
    expect(fieldsOf(reading.value)).toEqual(fields);
    expect(writeTransitCode(reading.value.codeBytes)).toBe(text);
  });

  test.each(unreadable)('$name is not read', ({ text, expected }) => {
    expect(readTransitCode(text)).toMatchObject({ ok: false, reason: expected.reason });
  });
});

describe('receipts', () => {
  type Expected = { type: SignedType; opens: boolean; payload?: object };
  const { rootKey, expected } = readJson<{
    rootKey: RootKey;
    expected: Record<string, Expected>;
  }>('receipts/expected.json');
  const schemas: Partial<Record<SignedType, z.ZodType>> = {
    'stile-gate-receipt+jws': gateReceiptSchema,
    'stile-gate-enrolment+jws': gateIdentitySchema,
  };

  test.each(Object.entries(expected))('%s', async (file, { type, opens, payload }) => {
    const schema = schemas[type];
    if (schema === undefined) throw new Error(`${type} has a schema here`);
    const opened = openSigned(type, readText(`receipts/${file}`), {
      root: new RootTrust(pinnedRoot(rootKey)),
      schema,
    });
    if (opens) expect(await opened).toEqual(payload);
    else await expect(opened).rejects.toMatchObject({ code: 'ANSWER_REFUSED' });
  });
});

describe('requests of a gate', () => {
  type Signed = { name: string; holds: boolean; signature: string };
  type Expected = { gateKey: string; path: string; challenge: string; cases: Signed[] };
  const { gateKey, path, challenge, cases } = readJson<Expected>('requests/expected.json');

  test.each(cases)('$name holds: $holds', ({ holds, signature }) => {
    const read = readGateSignature(signature);
    if (read === undefined) throw new Error('every one has the form of a signature');
    const message = gateRequestMessage({ path, challenge });
    const verify = createNodeVerify();
    const isSigned = signatureHolds(verify, { ...read, algorithm: 'Ed25519', message });
    expect(isSigned && toHex(read.publicKey) === gateKey).toBe(holds);
    expect(isChallenge(challenge)).toBe(true);
  });
});

describe('roots', () => {
  type Receipt = { file: string; opens: boolean };
  type Said = { name: string; statements: string[] } & Pick<
    RootState,
    'generation' | 'number' | 'floor'
  >;
  const expected = readJson<{ rootKey: RootKey; receipts: Receipt[]; statements: Said[] }>(
    'roots/expected.json',
  );
  const pin = () => new RootTrust(pinnedRoot(expected.rootKey));

  test.each(expected.receipts)('$file opens: $opens', async ({ file, opens }) => {
    const parts = { root: pin(), schema: gateReceiptSchema };
    const opened = openSigned('stile-gate-receipt+jws', readText(`roots/${file}`), parts);
    if (opens) expect((await opened).ackSeq).toBe(0);
    else await expect(opened).rejects.toMatchObject({ code: 'ANSWER_REFUSED' });
  });

  test.each(expected.statements)('$name', async ({ statements, generation, number, floor }) => {
    expect(await pin().follow(statements)).toMatchObject({ generation, number, floor });
  });

  test('both signature implementations hold each certificate and statement for genuine', () => {
    const words = expected.statements.flatMap(({ statements }) => statements);
    const certificates = expected.receipts
      .map(({ file }) => claimedSigner(readText(`roots/${file}`)).certificate)
      .filter((certificate) => certificate !== undefined);
    for (const jws of [...words, ...certificates]) {
      const [head, body, signature = ''] = jws.split('.');
      const signed = {
        algorithm: 'Ed25519' as const,
        publicKey: new Uint8Array(Buffer.from(claimedSigner(jws).key.x, 'base64url')),
        message: utf8(`${head}.${body}`),
        signature: new Uint8Array(Buffer.from(signature, 'base64url')),
      };
      const changed = { ...signed, message: utf8(`${head}.${body}x`) };
      for (const verify of [createNodeVerify(), verifyWithNoble]) {
        expect(signatureHolds(verify, signed)).toBe(true);
        expect(signatureHolds(verify, changed)).toBe(false);
      }
    }
  });
});

describe('keys', () => {
  type TestJwk = PrivateJwk & { kid: string; stileTestKey: string };

  test.each(namesIn('keys'))('%s is a private key that says it is for tests', (name) => {
    const jwk = readJson<TestJwk>(`keys/${name}`);
    const key = keyFromJwk(jwk);
    expect(isKeyOfPrimeOrder(key.algorithm, key.publicKey)).toBe(true);
    expect(name).toMatch(/^test-.*\.jwk\.json$/);
    expect(jwk.kid).toMatch(/^TEST KEY .*: never use outside tests$/);
    expect(jwk.stileTestKey).toBe('never use outside tests');
  });
});

describe('trust lists', () => {
  type Expected = {
    rootKey: RootKey;
    otherRootKey: RootKey;
    lists: { file: string; opens: boolean; version?: number; expiresAt?: string }[];
  };
  const { rootKey, otherRootKey, lists } = readJson<Expected>('lists/trust-expected.json');
  const open = (file: string, root: RootKey) =>
    openSigned('stile-trust-list+jws', readText(`lists/${file}`), {
      root: new RootTrust(pinnedRoot(root)),
      schema: trustListSchema,
    });

  test.each(lists)('$file opens: $opens', async ({ file, opens, version, expiresAt }) => {
    if (!opens) {
      await expect(open(file, rootKey)).rejects.toMatchObject({ code: 'LIST_REFUSED' });
      return;
    }
    const list = await open(file, rootKey);
    expect(list.version).toBe(version);
    expect(list.expiresAtS).toBe(Date.parse(expiresAt ?? '') / 1000);
    expect(claimedRootKey(readText(`lists/${file}`))).toEqual(rootKey);
    await expect(open(file, otherRootKey)).rejects.toMatchObject({ code: 'LIST_REFUSED' });
  });

  test('the list of the other root is a good one to who trusts that root', async () => {
    expect((await open('trust-wrong-root.jws', otherRootKey)).version).toBe(99);
  });
});

describe('gate logs', () => {
  type Read =
    | { read: string; lines?: undefined }
    | {
        read: 'ok';
        sealHolds: boolean;
        fromSeq: number;
        toSeq: number;
        head: string;
        lines: string[];
      };
  type Expected = {
    gate: string;
    epoch: string;
    gateKey: string;
    genesis: string;
    logs: { file: string; expected: Read }[];
  };
  const { gate, epoch, genesis, logs, ...rest } = readJson<Expected>('logs/expected.json');
  const gateKey = keyFromJwk(readJson<PrivateJwk>(rest.gateKey)).publicKey;
  const readLog = (file: string) =>
    readBatch(new Uint8Array(readFileSync(join(FIXTURES, 'logs', file))), sha256);

  test('the chain of a new log begins at the hash of gate and epoch', () => {
    expect(toHex(genesisHash({ gate, epoch, sha256 }))).toBe(genesis);
  });

  test.each(logs)('$file: $expected.read', ({ file, expected }) => {
    const reading = readLog(file);
    if (expected.lines === undefined) {
      expect(reading).toMatchObject({ ok: false, reason: expected.read });
      return;
    }
    if (!reading.ok) throw new Error(reading.detail);
    const { header, records, head } = reading.batch;
    const { fromSeq, toSeq } = expected;
    expect(header).toMatchObject({ epoch, fromSeq, toSeq });
    expect(toHex(head)).toBe(expected.head);
    for (const verify of [createNodeVerify(), verifyWithNoble]) {
      expect(sealHolds(reading.batch, { gateKey, verify })).toBe(expected.sealHolds);
    }
    const words = records.map((logRecord) => {
      const record = readRecord(logRecord);
      return record.ok ? record.record.kind : 'unreadable';
    });
    expect(words).toEqual(expected.lines);
  });

  test('a later stretch goes on where the first line of it was chained to', () => {
    const [whole, later] = ['good-several-kinds', 'good-later-stretch'].map((name) =>
      readLog(`${name}.ndjson`),
    );
    if (!whole?.ok || !later?.ok) throw new Error('both are good');
    const before = whole.batch.records[later.batch.header.fromSeq - 2];
    expect(later.batch.header.prev).toBe(toHex(before?.hash ?? new Uint8Array(0)));
    expect(whole.batch.header.prev).toBe(genesis);
    expect(fromHex(genesis, 32)).toBeDefined();
  });
});
