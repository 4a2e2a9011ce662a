/** A code is shown only after its counter is on disk: where the disk refuses, nothing is shown. */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { generateKey } from '@stile/crypto/sign.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { readPhone, writePhone } from '@stile/phone/phone-file.ts';
import { expect, test } from 'vitest';
import { runStile } from './testing/stile.ts';

const PASS_BYTES = 126;
const ACCOUNT = '0123456789abcdef';

function makePhone({ settlementUrl = 'http://127.0.0.1:8080' } = {}): string {
  const file = join(scratchDir(), 'phone.json');
  const { privateJwk } = generateKey('Ed25519');
  writePhone(file, {
    stile: 'phone/1',
    settlementUrl,
    key: { ...privateJwk, crv: 'Ed25519' },
    account: ACCOUNT,
    serial: 1,
    pass: '10'.repeat(PASS_BYTES),
    counter: 41,
  });
  return file;
}

test('a code whose counter cannot be stored is not printed', async () => {
  const file = makePhone();
  const good = await runStile(['rider', 'code', '--phone', file]);
  expect(good.stdout).toContain('TC1:');
  // The place of the file that is to replace it is taken.
  mkdirSync(join(`${file}.part`, 'taken'), { recursive: true });
  const { code, stdout } = await runStile(['rider', 'code', '--phone', file]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(readPhone(file).counter).toBe(42);
});

test('a code is drawn in the terminal on demand, its text behind it', async () => {
  const file = makePhone();
  const { code, stdout } = await runStile(['rider', 'code', '--phone', file, '--qr']);
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  // Version 10 with its quiet zone: 65 modules, two rows a line.
  expect(lines).toHaveLength(34);
  expect(lines[10]).toMatch(/^\S+m {4}[ ▀▄█]{57} {4}\S+m$/);
  expect(lines.at(-1)).toMatch(/^TC1:/);
});

test('a code that is made while a pass is fetched keeps its counter', async () => {
  let file = '';
  const server = createServer((request, response) => {
    const isChallenge = request.url === '/v1/challenges';
    // Meanwhile, in another window.
    if (!isChallenge) writePhone(file, { ...readPhone(file), counter: 50 });
    const pass = { account: ACCOUNT, issuer: 1, serial: 1, pass: '11'.repeat(PASS_BYTES) };
    const body = isChallenge
      ? { challenge: 'ab'.repeat(32), expiresAtS: 2_000_000_000 }
      : { ...pass, expiresAtS: 2_000_000_000 };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    file = makePhone({ settlementUrl: `http://127.0.0.1:${port}` });
    const { code, stderr } = await runStile(['rider', 'renew', '--phone', file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(readPhone(file)).toMatchObject({ counter: 50, pass: '11'.repeat(PASS_BYTES) });
  } finally {
    server.close();
  }
});
