/** What is known of payment codes and online codes: seeds under their handles, spent time steps, failures. */

import { FAILURE_WINDOW_MS, type PayeeFailures } from '../../../core/payments/payment-rules.ts';
import type { LiveSeed, NewSeedFacts, SeedConfirmationFacts } from '../../../core/payments/seed.ts';
import type {
  CodeFacts,
  OnlineCodeFacts,
  Presented,
  SeedFacts,
} from '../../../core/payments/spend-code.ts';
import type { PassOf } from '../../port.ts';
import type { Connection } from '../connection.ts';

const SEED = `handle, account, serial, key_id AS keyId, sealed, expires_at_ms AS expiresAtMs,
  confirmed_at_ms AS confirmedAtMs, ended_at_ms AS endedAtMs, failures, paid_cents AS paidCents`;

function prepare(db: Connection['db']) {
  return {
    seed: db.prepare(`SELECT ${SEED} FROM payment_seed WHERE handle = ?`),
    phoneSeeds: db.prepare(
      `SELECT handle, confirmed_at_ms AS confirmedAtMs FROM payment_seed
       WHERE account = ? AND serial = ? AND ended_at_ms IS NULL`,
    ),
    accountHandles: db
      .prepare('SELECT handle FROM payment_seed WHERE account = ? AND ended_at_ms IS NULL')
      .pluck(),
    keysOfSeeds: db
      .prepare(
        'SELECT DISTINCT key_id FROM payment_seed WHERE ended_at_ms IS NULL AND expires_at_ms >= ? ORDER BY 1',
      )
      .pluck(),
    isSpent: db.prepare('SELECT 1 FROM spent_step WHERE handle = ? AND step = ?').pluck(),
    failures: db.prepare(
      `SELECT count(*) AS count, coalesce(max(at_ms), 0) AS latestMs FROM payee_failure
       WHERE payee = ? AND way = ? AND at_ms > ?`,
    ),
    onlineCode: db.prepare(
      `SELECT account, serial, expires_at_ms AS expiresAtMs, state, bound_cents AS boundCents
       FROM online_code WHERE code_hash = ?`,
    ),
    liveCodes: db
      .prepare(
        `SELECT code_hash FROM online_code WHERE account = ? AND serial = ? AND state = 'live'`,
      )
      .pluck(),
  };
}

export class CodeReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  code(presented: Presented): CodeFacts {
    if (presented.way === 'ONLINE_CODE') {
      const code = this.#sql.onlineCode.get(presented.codeHash) as OnlineCodeFacts | undefined;
      return { way: 'ONLINE_CODE', code: code ?? null };
    }
    const { handle, timeStep, strayStep = null } = presented;
    const seed = this.seed(handle);
    const step = timeStep ?? strayStep;
    return {
      way: 'PAYMENT_CODE',
      seed,
      isSpent: step !== null && this.#sql.isSpent.get(handle, step) !== undefined,
      // Of a wrong password no more is read than of an unknown handle.
      phoneHandles: seed === null || timeStep === null ? [] : this.#handlesOf(seed),
    };
  }

  seed(handle: string): SeedFacts | null {
    return (this.#sql.seed.get(handle) as SeedFacts | undefined) ?? null;
  }

  /** Wrong codes of this method that this payee has sent lately. */
  failuresOf(payee: string, { way, nowMs }: { way: string; nowMs: number }): PayeeFailures {
    return this.#sql.failures.get(payee, way, nowMs - FAILURE_WINDOW_MS) as PayeeFailures;
  }

  newSeed({ handle, account, serial }: { handle: string } & PassOf): NewSeedFacts {
    const phoneSeeds = this.#sql.phoneSeeds.all(account, serial) as LiveSeed[];
    return { isHandleTaken: this.seed(handle) !== null, phoneSeeds };
  }

  seedConfirmation(of: { handle: string } & PassOf): SeedConfirmationFacts {
    return { seed: this.seed(of.handle), phoneHandles: this.#handlesOf(of) };
  }

  /** Of all phones of the account if no serial is named. */
  liveHandles({ account, serial }: { account: string; serial: number | null }): string[] {
    if (serial !== null) return this.#handlesOf({ account, serial });
    return this.#sql.accountHandles.all(account) as string[];
  }

  /** Of keys that have sealed seeds which are still good. */
  keysOfSeeds(nowMs: number): string[] {
    return this.#sql.keysOfSeeds.all(nowMs) as string[];
  }

  liveOnlineCodes({ account, serial }: PassOf): string[] {
    return this.#sql.liveCodes.all(account, serial) as string[];
  }

  #handlesOf({ account, serial }: PassOf): string[] {
    const seeds = this.#sql.phoneSeeds.all(account, serial) as LiveSeed[];
    return seeds.map(({ handle }) => handle);
  }
}
