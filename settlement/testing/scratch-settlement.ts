/**
 * A settlement on a folder of its own, on a port that is free: what every town stands on that has a
 * settlement in its own process. By which clock it goes is the caller's to say.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@stile/host/clock.ts';
import type { RootKey } from '@stile/protocol/signed.ts';
import { type Logger, pino } from 'pino';
import type { SettlementOptions } from '../config.ts';
import { ensureConfig } from '../data-dir.ts';
import { DATABASE_FILE } from '../database-place.ts';
import {
  initSettlement,
  type Settlement,
  type SettlementConfig,
  startSettlement,
} from '../main.ts';
import { copyEmptyBooks } from './empty-books.ts';

/** A test key: never use it for anything else. */
export const TEST_SEED_KEY = '5e'.repeat(32);

/** Anybody enrols, rides on credit and pays in made-up money, as often as a test wants. */
export const OPEN_SETTINGS: SettlementOptions = {
  enrolment: { policy: 'open', perAddressPerHour: 100_000 },
  offline: { creditCents: { open: 100_000 }, issuesMax: 1_000 },
  topUps: { mode: 'sandbox', sandboxBeyondLoopback: true },
};

export type ScratchOptions = {
  clock: Clock;
  /** One that is there already; default: a new one. */
  dataDir?: string;
  settings?: SettlementOptions;
  config?: Partial<SettlementConfig>;
  log?: Logger;
  /** Null: none, so payment codes are off. Default: a test key. */
  seedKeys?: string | null;
};

export type ScratchSettlement = {
  dataDir: string;
  settlement: Settlement;
  operatorToken: string;
  rootKey: RootKey;
  /** Ends it and takes its folder away. */
  close(): Promise<void>;
};

export async function openScratchSettlement(options: ScratchOptions): Promise<ScratchSettlement> {
  const { clock, log = pino({ level: 'silent' }) } = options;
  const settings = { ...OPEN_SETTINGS, ...options.settings };
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'stile-settlement-'));
  const { database } = options.config ?? {};
  if (options.dataDir === undefined && database === undefined) {
    ensureConfig(dataDir, settings);
    copyEmptyBooks(join(dataDir, DATABASE_FILE));
  }
  const surroundings = { clock, database };
  const { operatorTokenFile, rootKey } = await initSettlement(dataDir, settings, surroundings);
  const { seedKeys = TEST_SEED_KEY } = options;
  const sealed = seedKeys === null ? {} : { seedKeys };
  const config = { dataDir, port: 0, ...sealed, ...options.config };
  const settlement = await startSettlement(config, { log, clock });
  const operatorToken = readFileSync(operatorTokenFile, 'utf8').trim();
  return {
    dataDir,
    settlement,
    operatorToken,
    rootKey,
    async close() {
      await settlement.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
