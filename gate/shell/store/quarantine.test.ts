/** Damaged stores are moved aside whole, and a new life begins. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockDataDir } from '@stile/host/data-dir-lock.ts';
import { systemRandom } from '@stile/host/random.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { expect, onTestFinished, test } from 'vitest';
import { openOrReplace } from './quarantine.ts';
import { openTapsStore } from './taps-store.ts';

const filesIn = (dataDir: string) => ({
  dataDir,
  belongs: (name: string) => name.startsWith('taps.db'),
  wallMs: Date.UTC(2026, 2, 2, 8),
});

function open(dir: string) {
  const limits = { quotaMb: 64, unconfirmedMax: 100, ringMax: 0 };
  return openTapsStore({
    file: join(dir, 'taps.db'),
    gate: 'g1',
    random: systemRandom,
    boot: '0000aaaa',
    ...limits,
  });
}

test('a sound store is opened and nothing is moved', async () => {
  const dir = scratchDir();
  const { store, replaced } = await openOrReplace(() => open(dir), filesIn(dir));
  onTestFinished(() => store.close());
  expect(replaced).toBeNull();
  expect(readdirSync(dir)).not.toContain('quarantine');
});

test('a damaged store and its journal are moved aside byte for byte; a new life begins', async () => {
  const dir = scratchDir();
  const bytes = Buffer.alloc(8_192, 0x5a);
  for (let round = 1; round <= 2; round += 1) {
    writeFileSync(join(dir, 'taps.db'), bytes);
    writeFileSync(join(dir, 'taps.db-wal'), 'journal');
    writeFileSync(join(dir, 'identity.json'), '{}');
    const { store, replaced } = await openOrReplace(() => open(dir), filesIn(dir));
    store.close();
    const folder = replaced?.folder ?? '';
    expect(replaced?.why).toContain('damaged');
    expect(readFileSync(join(folder, 'taps.db'))).toEqual(bytes);
    expect(readdirSync(join(dir, 'quarantine'))).toHaveLength(round);
    expect(readdirSync(dir)).toContain('identity.json');
    expect(store.lastSeq).toBe(0);
  }
});

test('what is not damage is not answered with a new store', async () => {
  const dir = scratchDir();
  const failing = () => {
    throw new Fault('STORE_FAILED', 'disk I/O error');
  };
  await expect(openOrReplace(failing, filesIn(dir))).rejects.toMatchObject({
    code: 'STORE_FAILED',
  });
  expect(readdirSync(dir)).toEqual([]);
});

test('one process a directory: the second is refused until the first lets go', () => {
  const dir = scratchDir();
  const release = lockDataDir(dir, 'gate');
  expect(() => lockDataDir(dir, 'gate')).toThrow('another gate already runs');
  release();
  lockDataDir(dir, 'gate')();
});
