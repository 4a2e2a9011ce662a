/** A gate's loop on real SQLite files, with an arm and a display that remember what they did, and a clock
 * that is moved by hand. The arm looks, through a connection of its own, at what is
 * on disk in the moment it is told to open.
 */
import { join } from 'node:path';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { systemRandom } from '@stile/host/random.ts';
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import type { Fault } from '@stile/protocol/fault.ts';
import { type GateRecord, readRecord } from '@stile/protocol/gate-log.ts';
import type { TrustList } from '@stile/protocol/trust-list.ts';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Words } from '../core/gate-state.ts';
import type { GateSettings } from '../shell/facts.ts';
import { createGateLoop } from '../shell/loop.ts';
import type { VerdictPort } from '../shell/loop-parts.ts';
import { createStopwatch } from '../shell/stopwatch.ts';
import { openReferenceStore, type ReferenceStore } from '../shell/store/reference-store.ts';
import { openTapsStore, type TapsStore } from '../shell/store/taps-store.ts';
import type { Authoriser } from '../shell/uplink/authoriser.ts';
import { makeTrust, NOW_S, rootKey, signAsRoot, trustIn } from './phone.ts';

const verify = createNodeVerify();
export const START = { wallMs: NOW_S * 1000, monoMs: 10_000 };
export const TIMING = {
  openMs: 3_000,
  presentationMs: 1_500,
  messageMs: 4_000,
  payBudgetMs: 2_500,
};
const SETTINGS: GateSettings = {
  line: 'M1',
  scopes: [1],
  products: null,
  passbackS: 0,
  maxListAgeS: 0,
  closeListAgeS: 0,
  timing: TIMING,
  onClockUnknown: 'refuse',
};

export type GateOptions = {
  dir?: string;
  boot?: string;
  unconfirmedMax?: number;
  settings?: Partial<GateSettings>;
  taps?: (real: TapsStore) => TapsStore;
  reference?: (real: ReferenceStore) => ReferenceStore;
  open?: () => Promise<void>;
  show?: (words: Words) => void;
  authoriser?: Authoriser;
  verdicts?: VerdictPort;
};

/** As a gate without any network. */
const NOBODY: Authoriser = {
  isKnownDown: true,
  attempt: () => Promise.reject(new Error('a gate that knows of no network asks nobody')),
};

/** Every record of a tap file, read as any other program would. */
export function recordsIn(file: string): GateRecord[] {
  const db = new Database(file, { readonly: true });
  const rows = db.prepare('SELECT seq, line, hash FROM log ORDER BY seq').all();
  db.close();
  return (rows as { seq: number; line: Uint8Array; hash: Uint8Array }[]).map((row) => {
    const reading = readRecord({ seq: row.seq, bytes: row.line, hash: row.hash });
    if (!reading.ok) throw new Error(reading.detail);
    return reading.record;
  });
}

/** A gate with real files, an arm and a display that remember, a hand-moved clock. */
export async function gateWith(options: GateOptions = {}) {
  const { dir = scratchDir(), boot = '0000aaaa', unconfirmedMax = 1_000 } = options;
  const file = join(dir, 'taps.db');
  const limits = { quotaMb: 64, unconfirmedMax, ringMax: 0 };
  const taps = openTapsStore({ file, gate: 'g1', boot, random: systemRandom, ...limits });
  const reference = await openReferenceStore(dir, trustIn(rootKey));
  const clock = createMovedClock(START);
  const screens: Words[] = [];
  const moves: { what: 'open' | 'close'; atMs: number; onDisk: GateRecord | undefined }[] = [];
  const fatal: Fault[] = [];
  let drawn = 1;

  const recordsOnDisk = () => recordsIn(file);
  function note(what: 'open' | 'close'): void {
    const atMs = clock.now().monoMs - START.monoMs;
    moves.push({ what, atMs, onDisk: recordsOnDisk().at(-1) });
  }
  const barrier = {
    connected: true,
    open() {
      note('open');
      return options.open?.() ?? Promise.resolve();
    },
    async close() {
      note('close');
    },
  };
  const loop = createGateLoop({
    taps: options.taps?.(taps) ?? taps,
    reference: options.reference?.(reference) ?? reference,
    barrier,
    display: {
      show(words) {
        screens.push(words);
        options.show?.(words);
      },
    },
    verdicts: options.verdicts ?? null,
    authoriser: options.authoriser ?? NOBODY,
    clock,
    log: pino({ level: 'silent' }),
    verify,
    stopwatch: createStopwatch(),
    settings: { ...SETTINGS, ...options.settings },
    random: { hex: () => (drawn++).toString(16).padStart(32, '0'), fraction: () => 0.5 },
    onFatal: (fault) => fatal.push(fault),
  });
  let closed = false;
  function close(): void {
    if (closed) return;
    closed = true;
    loop.close();
    taps.close();
    reference.close();
  }
  onTestFinished(close);
  async function trust(changes: Partial<TrustList> = {}): Promise<void> {
    const list = makeTrust(changes);
    reference.applyTrust(list, { jws: await signAsRoot('stile-trust-list+jws', list) });
  }
  const scan = (text: string) => loop.onScan(text, clock.now().monoMs);
  const verdicts = () =>
    recordsOnDisk().map((record) =>
      record.kind === 'tap' || record.kind === 'answer' ? (record.reason ?? 'open') : record.kind,
    );
  return {
    barrier,
    clock,
    close,
    dir,
    fatal,
    loop,
    recordsOnDisk,
    reference,
    scan,
    screens,
    taps,
    moves,
    trust,
    verdicts,
  };
}

/** The same with the scripted trust list in force. */
export async function readyGate(options: GateOptions = {}) {
  const gate = await gateWith(options);
  await gate.trust();
  return gate;
}
