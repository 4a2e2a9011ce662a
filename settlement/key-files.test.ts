/** Every key file that the books name is read at the start: one that is missing or damaged is named, and nothing runs. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey } from '@stile/crypto/sign.ts';
import { systemClock } from '@stile/host/clock.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordRootAway } from './data-dir.ts';
import { initSettlement, startSettlement } from './main.ts';

const log = pino({ level: 'silent' });
const ROOTS = ['root.jwk.json', 'root-2.jwk.json'];
const OTHERS = ['first-root.json', 'online-1.jwk.json', 'issuer-1-1.jwk.json', 'book.key'];

const another = (file: string) => {
  const { privateJwk } = generateKey('Ed25519');
  const { kty, crv, x } = privateJwk;
  if (file.endsWith('book.key')) return `${'ab'.repeat(32)}\n`;
  return JSON.stringify(file.endsWith('first-root.json') ? { kty, crv, x } : privateJwk);
};
const DAMAGES: Record<string, (file: string) => void> = {
  missing: (file) => rmSync(file),
  empty: (file) => truncateSync(file, 0),
  'cut off': (file) => truncateSync(file, Math.floor(readFileSync(file).length / 2)),
  'no key': (file) => writeFileSync(file, '{}'),
  'another key': (file) => writeFileSync(file, another(file)),
};

let whole: string;

beforeAll(async () => {
  whole = mkdtempSync(join(tmpdir(), 'stile-keys-'));
  await start(whole);
});

afterAll(() => rmSync(whole, { recursive: true }));

async function start(dataDir: string): Promise<void> {
  await initSettlement(dataDir);
  const running = await startSettlement({ dataDir, port: 0 }, { log });
  await running.close();
}

function copyOf({ isRootHere }: { isRootHere: boolean }): string {
  const dataDir = join(scratchDir(), 'copy');
  cpSync(whole, dataDir, { recursive: true });
  for (const dir of [dataDir, join(dataDir, 'keys')]) chmodSync(dir, 0o700);
  if (isRootHere) return dataDir;
  recordRootAway(dataDir, { sinceMs: 0, root: '' });
  for (const name of ROOTS) rmSync(join(dataDir, 'keys', name));
  return dataDir;
}

const here = [...ROOTS, ...OTHERS].map((name) => [name, true] as const);
const away = OTHERS.map((name) => [name, false] as const);

test.each([...here, ...away])(
  '%s, root here: %s',
  async (name, isRootHere) => {
    for (const [damage, harm] of Object.entries(DAMAGES)) {
      const dataDir = copyOf({ isRootHere });
      const file = join(dataDir, 'keys', name);
      harm(file);
      const before = existsSync(file) ? readFileSync(file, 'utf8') : null;
      const failed = await start(dataDir).then(
        () => null,
        (error: Error) => error,
      );
      expect(failed, damage).toMatchObject({
        code: expect.stringMatching(/^(FILE_UNREADABLE|STORE_CORRUPT)$/),
        message: expect.stringContaining(name),
      });
      expect(failed?.message, damage).toMatch(/restore|first root/);
      expect(existsSync(file) ? readFileSync(file, 'utf8') : null, damage).toBe(before);
    }
  },
  30_000,
);

test('an online key that has ended is missed by nobody', async () => {
  const dataDir = copyOf({ isRootHere: true });
  rmSync(join(dataDir, 'keys', 'online-1.jwk.json'));
  const clock = {
    ...systemClock,
    now: () => ({ ...systemClock.now(), wallMs: systemClock.now().wallMs + 400 * 86_400_000 }),
  };
  await expect(initSettlement(dataDir, {}, { clock })).resolves.toMatchObject({ notInForce: [] });
});
