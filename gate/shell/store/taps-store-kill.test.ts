/** No promised tap is lost, whenever the process is killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { systemRandom } from '@stile/host/random.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { expect, onTestFinished, test } from 'vitest';
import { GOOD } from '../../testing/phone.ts';
import { openTapsStore } from './taps-store.ts';

const WRITER = fileURLToPath(new URL('../../testing/taps-writer.ts', import.meta.url));
const KILLS = 8;

/** Lets a process write until it has promised some taps, kills it, and says which was the last. */
async function writeAndKill(file: string, taps: number): Promise<number> {
  const child = spawn(process.execPath, [WRITER, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  let promised = 0;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    promised = Number(line);
    seen += 1;
    // It writes on until the signal arrives, so the moment falls anywhere inside a commit.
    if (seen === taps) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return promised;
}

test('no promised tap is lost, whenever the process is killed, and the chain holds', async () => {
  const file = join(scratchDir(), 'taps.db');
  let promisedBefore = 0;
  for (let kills = 0; kills < KILLS; kills += 1) {
    const promised = await writeAndKill(file, 1 + Math.floor(Math.random() * 80));
    expect(promised).toBeGreaterThan(promisedBefore);
    promisedBefore = promised;
    const limits = { quotaMb: 256, unconfirmedMax: 1_000_000, ringMax: 0 };
    // Opening walks the whole chain from the first record on.
    const store = openTapsStore({
      file,
      gate: 'g1',
      random: systemRandom,
      boot: '0000bbbb',
      ...limits,
    });
    try {
      // One more than promised may be there: written, killed before it could say so.
      expect(store.lastSeq - promised).toBeGreaterThanOrEqual(0);
      expect(store.lastSeq - promised).toBeLessThanOrEqual(1);
      const counter = store.findUsed({
        issuer: GOOD.issuer,
        account: GOOD.account,
        serial: GOOD.serial,
      }).counterMax;
      expect(counter, 'the memory of what was used goes with the log').toBe(store.lastSeq);
    } finally {
      store.close();
    }
  }
});
