/** A tap store for one test, filled, read back as settlement reads it, and tampered with. */
import { join } from 'node:path';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { sha256 } from '@stile/crypto/sign.ts';
import { systemRandom } from '@stile/host/random.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { Fault, type FaultCode } from '@stile/protocol/fault.ts';
import {
  type HeldLists,
  readBatch,
  readRecord,
  sealHolds,
  writeBatch,
} from '@stile/protocol/gate-log.ts';
import Database from 'better-sqlite3';
import { expect, onTestFinished } from 'vitest';
import { openTapsStore, type TapsStoreOptions } from '../shell/store/taps-store.ts';
import { gateKey, makeTap, makeUse, NOW_S } from './phone.ts';

const verify = createNodeVerify();
const NO_LISTS: HeldLists = { trust: 0, deny: 0, denyAtS: 0, stage: 'NONE' };
export const NOW_MS = NOW_S * 1000;
export const DAY_MS = 86_400_000;
export const newFile = () => join(scratchDir(), 'taps.db');

export function openTaps(file: string, changes: Partial<TapsStoreOptions> = {}) {
  const limits = { quotaMb: 64, unconfirmedMax: 10_000, ringMax: 0 };
  const store = openTapsStore({
    file,
    gate: 'g1',
    random: systemRandom,
    boot: '0000aaaa',
    ...limits,
    ...changes,
  });
  const closeStore = store.close.bind(store);
  let closed = false;
  const close = () => {
    if (!closed) closeStore();
    closed = true;
  };
  onTestFinished(close);
  return Object.assign(store, { close });
}

/** Appends taps with these counters, one millisecond apart. */
export function fill(
  store: ReturnType<typeof openTaps>,
  { from, to }: { from: number; to: number },
): void {
  for (let counter = from; counter <= to; counter += 1) {
    store.append(makeTap(counter), {
      at: { wallMs: NOW_MS + counter, monoMs: counter },
      use: makeUse(counter),
    });
  }
}

/** Changes the file behind the store's back, as a failing card would. */
export function tamper(file: string, statement: string): void {
  const db = new Database(file);
  expect(db.prepare(statement).run().changes).toBeGreaterThan(0);
  db.close();
}

export function faultOf(work: () => unknown): { code: FaultCode; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('a fault is thrown');
}

/** All records after `from`, through the reader that settlement uses, seal and all. */
export function readBack(
  store: ReturnType<typeof openTaps>,
  { from = 0, max = 500 }: { from?: number; max?: number } = {},
) {
  const span = store.readSpan(from, max);
  if (span === null) return [];
  const bytes = writeBatch(
    { ...span.header, lists: NO_LISTS },
    {
      records: span.records,
      head: span.head,
      sha256,
      key: gateKey,
    },
  );
  const reading = readBatch(bytes, sha256);
  if (!reading.ok) throw new Error(reading.detail);
  expect(sealHolds(reading.batch, { gateKey: gateKey.publicKey, verify })).toBe(true);
  return reading.batch.records.map((line) => {
    const record = readRecord(line);
    if (!record.ok) throw new Error(record.detail);
    return record.record;
  });
}
