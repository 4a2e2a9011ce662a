/** A code is shown only after its counter is on disk: where the disk refuses, nothing is shown. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey } from '@stile/crypto/sign.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { readPhone, writePhone } from '@stile/phone/phone-file.ts';
import { expect, test } from 'vitest';
import { runStile } from './testing/stile.ts';

const PASS_BYTES = 126;

test('a code whose counter cannot be stored is not printed', async () => {
  const file = join(scratchDir(), 'phone.json');
  const { privateJwk } = generateKey('Ed25519');
  writePhone(file, {
    stile: 'phone/1',
    settlementUrl: 'http://127.0.0.1:8080',
    key: { ...privateJwk, crv: 'Ed25519' },
    account: '0123456789abcdef',
    serial: 1,
    pass: '10'.repeat(PASS_BYTES),
    counter: 41,
  });
  const good = await runStile(['rider', 'code', '--phone', file]);
  expect(good.stdout).toContain('TC1:');
  // The place of the file that is to replace it is taken.
  mkdirSync(join(`${file}.part`, 'taken'), { recursive: true });
  const { code, stdout } = await runStile(['rider', 'code', '--phone', file]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(readPhone(file).counter).toBe(42);
});
