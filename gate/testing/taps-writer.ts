/** A process of its own that does nothing but append taps to the file it is given, and says
 * each number after the store has promised it. taps-store-kill.test.ts kills it in the middle of that.
 */
import { writeSync } from 'node:fs';
import { systemRandom } from '@stile/host/random.ts';
import { openTapsStore } from '../shell/store/taps-store.ts';
import { makeTap, makeUse, NOW_S } from './phone.ts';

const STDOUT = 1;
/** The test has long killed it by then; if the test itself is gone, it ends by itself. */
const TAPS_MAX = 50_000;

const [, , file = ''] = process.argv;
const limits = { quotaMb: 256, unconfirmedMax: 1_000_000, ringMax: 0 };
const store = openTapsStore({
  file,
  gate: 'g1',
  boot: '0000aaaa',
  random: systemRandom,
  ...limits,
});
for (let written = 0; written < TAPS_MAX; written += 1) {
  const next = store.lastSeq + 1;
  const stamp = { wallMs: NOW_S * 1000 + next, monoMs: next };
  const seq = store.append(makeTap(next), { at: stamp, use: makeUse(next) });
  writeSync(STDOUT, `${seq}\n`);
}
store.close();
