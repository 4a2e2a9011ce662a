/** A gate's loop in a process of its own that kills itself at the one instant it is told,
 * before or after any write, attempt or movement of the arm. ask-kill.test.ts looks at what is left.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { systemClock } from '@stile/host/clock.ts';
import { systemRandom } from '@stile/host/random.ts';
import { pino } from 'pino';
import type { AttemptResult } from '../core/authorisation.ts';
import type { Use } from '../core/tap.ts';
import { createGateLoop } from '../shell/loop.ts';
import { createStopwatch } from '../shell/stopwatch.ts';
import { openReferenceStore } from '../shell/store/reference-store.ts';
import {
  openTapsStore,
  type RecordDraft,
  type Stamp,
  type TapsStore,
} from '../shell/store/taps-store.ts';
import { NOW_S, rootKey, trustIn } from './phone.ts';

const STDOUT = 1;
const [, , dir = '', killAt = ''] = process.argv;

/** Says where it is, and dies there if it was told to. */
function reach(point: string): void {
  writeSync(STDOUT, `${point}\n`);
  if (point === killAt) process.kill(process.pid, 'SIGKILL');
}

function watched(real: TapsStore): TapsStore {
  const append = real.append.bind(real);
  return Object.assign(real, {
    append: (draft: RecordDraft, write: { at: Stamp; use?: Use | null }) => {
      reach(`before ${draft.kind}`);
      const seq = append(draft, write);
      reach(`after ${draft.kind}`);
      return seq;
    },
  });
}

const limits = { quotaMb: 64, unconfirmedMax: 1_000, ringMax: 0 };
const taps = openTapsStore({
  file: join(dir, 'taps.db'),
  gate: 'g1',
  boot: '0000aaaa',
  random: systemRandom,
  ...limits,
});
const reference = await openReferenceStore(dir, trustIn(rootKey));
const ended = Promise.withResolvers<void>();
let attempts = 0;
const loop = createGateLoop({
  taps: watched(taps),
  reference,
  barrier: {
    connected: true,
    async open() {
      reach('open');
      ended.resolve();
    },
    close: () => Promise.resolve(),
  },
  display: { show: () => undefined },
  verdicts: null,
  authoriser: {
    isKnownDown: false,
    async attempt({ id }): Promise<AttemptResult> {
      attempts += 1;
      // The first answer is lost, so that there is a moment between two attempts to die in.
      reach(`attempt ${attempts}`);
      writeSync(STDOUT, `sent ${id}\n`);
      await new Promise((resume) => setImmediate(resume));
      reach(`answer ${attempts}`);
      if (attempts > 1) return { kind: 'paid', fareCents: 320 };
      return { kind: 'failed', sent: true, retryAfterMs: null, doubt: null };
    },
  },
  clock: { ...systemClock, now: () => ({ ...systemClock.now(), wallMs: NOW_S * 1000 }) },
  log: pino({ level: 'silent' }),
  verify: createNodeVerify(),
  stopwatch: createStopwatch(),
  settings: {
    line: 'M1',
    scopes: [1],
    products: null,
    passbackS: 0,
    maxListAgeS: 0,
    closeListAgeS: 0,
    onClockUnknown: 'refuse',
    timing: { openMs: 100, presentationMs: 100, messageMs: 100, payBudgetMs: 5_000 },
  },
  random: { hex: (bytes) => 'ab'.repeat(bytes), fraction: () => 0.5 },
  onFatal: (fault) => {
    throw fault;
  },
});
loop.start();
loop.onScan('71123456788765432194', systemClock.now().monoMs);
await ended.promise;
loop.close();
taps.close();
reference.close();
