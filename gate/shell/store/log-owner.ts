/** Whose log lies in a data directory, read without changing it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openToRead } from '@stile/host/durable-sqlite.ts';
import { asStoreFault } from '@stile/host/fault.ts';
import { gateIdSchema } from '@stile/protocol/gate-log.ts';
import { isDamage } from './damage.ts';
import { TAPS_SCHEMA } from './taps-tables.ts';

/**
 * Undefined: there is no log, or it is damaged and says it of nobody.
 * @throws Fault STORE_FAILED if it cannot be read now.
 */
export function gateOfLog(dataDir: string): string | undefined {
  const file = join(dataDir, 'taps.db');
  if (!existsSync(file)) return undefined;
  try {
    const db = openToRead(file, TAPS_SCHEMA.applicationId);
    try {
      const gate = db.prepare(`SELECT value FROM meta WHERE key = 'gate'`).pluck().get();
      return gateIdSchema.safeParse(gate).data;
    } finally {
      db.close();
    }
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw asStoreFault(error, file);
  }
}
