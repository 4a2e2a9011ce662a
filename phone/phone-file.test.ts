/** The file in which a scripted phone keeps its key, counter and seed. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey } from '@stile/crypto/sign.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type PhoneFile, readPhone, writePhone } from './phone-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stile-phone-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function phoneOf(algorithm: 'Ed25519' | 'P-256'): PhoneFile {
  const key = generateKey(algorithm);
  return {
    stile: 'phone/1',
    settlementUrl: 'http://127.0.0.1:8080',
    key: { ...key.privateJwk, crv: algorithm },
    account: '0123456789abcdef',
    serial: 1,
    pass: '00',
    counter: 41,
  };
}

test.each(['Ed25519', 'P-256'] as const)('a phone with a %s key is what was written', (crv) => {
  const file = join(folder, 'phone.json');
  const phone = phoneOf(crv);
  writePhone(file, phone);
  expect(readPhone(file)).toEqual(phone);
});

test('a phone has a seed once it fetched one, and a file of before has none', () => {
  const file = join(folder, 'phone.json');
  const before = phoneOf('P-256');
  writePhone(file, before);
  expect('seed' in readPhone(file)).toBe(false);
  const seed = {
    handle: '00012345',
    seed: '5e'.repeat(32),
    expiresAtS: 1_790_000_000,
    amountCentsMax: 5_000,
  };
  writePhone(file, { ...before, seed });
  expect(readPhone(file)).toEqual({ ...before, seed });
});

test('a new counter replaces the old one whole, and leaves nothing beside it', () => {
  const file = join(folder, 'phone.json');
  writePhone(file, phoneOf('Ed25519'));
  writePhone(file, { ...readPhone(file), counter: 42 });
  expect(readPhone(file).counter).toBe(42);
  expect(readdirSync(folder)).toEqual(['phone.json']);
});

test('the file with the private key is for its owner only', async () => {
  const file = join(folder, 'phone.json');
  writePhone(file, phoneOf('Ed25519'));
  const { statSync } = await import('node:fs');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a phone that does not exist says how to make one', () => {
  expect(() => readPhone(join(folder, 'none.json'))).toThrow(/stile rider enrol/);
});

test.each([
  ['no JSON', 'hello'],
  ['another file', '{"a":1}'],
  ['a counter below zero', ''],
  ['a seed that is none', ''],
])('%s is refused in a sentence', (what, content) => {
  const file = join(folder, 'phone.json');
  writePhone(file, phoneOf('Ed25519'));
  const good = readFileSync(file, 'utf8');
  const changed: Record<string, string> = {
    'a counter below zero': good.replace('"counter": 41', '"counter": -1'),
    'a seed that is none': good.replace('"counter": 41', '"counter": 41, "seed": "5e"'),
  };
  writeFileSync(file, changed[what] ?? content);
  expect(() => readPhone(file)).toThrow(Fault);
  expect(() => readPhone(file)).toThrow(/is not a phone's file/);
});

test('a disk that cannot be written is a fault, before any code was shown', () => {
  const nowhere = join(folder, 'missing', 'phone.json');
  expect(() => writePhone(nowhere, phoneOf('Ed25519'))).toThrow(
    expect.objectContaining({ code: 'STORE_FAILED' }),
  );
});
