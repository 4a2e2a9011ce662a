/** What is known of seeds under their handles, and which online codes a phone has. */
import type { LiveSeed, NewSeedFacts, SeedConfirmationFacts } from '../../../core/payments/seed.ts';
import type { SeedFacts } from '../../../core/payments/spend-code.ts';
import type { PassOf } from '../../port.ts';
import { lock } from '../locks.ts';
import type { Session } from '../session.ts';

const SEEDS = `SELECT handle, account, serial, key_id AS "keyId", sealed, expires_at_ms AS "expiresAtMs",
    confirmed_at_ms AS "confirmedAtMs", ended_at_ms AS "endedAtMs", failures, paid_cents AS "paidCents"
  FROM payment_seed WHERE handle = ANY($1::text[])`;
/** Of any account: who was first with a handle has it. */
const IS_TAKEN = 'SELECT 1 FROM seed_handle WHERE handle = $1';
const PHONE_SEEDS = `SELECT handle, confirmed_at_ms AS "confirmedAtMs" FROM payment_seed
  WHERE account = $1 AND serial = $2 AND ended_at_ms IS NULL ORDER BY handle`;
const ACCOUNT_HANDLES = `SELECT handle FROM payment_seed
  WHERE account = $1 AND ended_at_ms IS NULL ORDER BY handle`;
const KEYS_OF_SEEDS = `SELECT DISTINCT key_id AS "keyId" FROM payment_seed
  WHERE ended_at_ms IS NULL AND expires_at_ms >= $1 ORDER BY 1`;
const LIVE_CODES = `SELECT code_hash AS "codeHash" FROM online_code
  WHERE account = $1 AND serial = $2 AND state = 'live' ORDER BY code_hash`;

export class CodeReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async seed(handle: string): Promise<SeedFacts | null> {
    return (await this.seeds([handle])).get(handle) ?? null;
  }

  /** Those that there are, by their handles. */
  async seeds(handles: readonly string[]): Promise<Map<string, SeedFacts>> {
    if (handles.length === 0) return new Map();
    const rows = await this.#session.all<SeedFacts>(SEEDS, [handles]);
    return new Map(rows.map((seed) => [seed.handle, seed]));
  }

  async newSeed({ handle, account, serial }: { handle: string } & PassOf): Promise<NewSeedFacts> {
    await lock(this.#session, { accounts: [account] });
    return {
      isHandleTaken: (await this.#session.first(IS_TAKEN, [handle])) !== undefined,
      phoneSeeds: await this.#session.all<LiveSeed>(PHONE_SEEDS, [account, serial]),
    };
  }

  async seedConfirmation(of: { handle: string } & PassOf): Promise<SeedConfirmationFacts> {
    await lock(this.#session, { accounts: [of.account] });
    return { seed: await this.seed(of.handle), phoneHandles: await this.#handlesOf(of) };
  }

  /** Of all phones of the account if no serial is named. */
  async liveHandles(of: { account: string; serial: number | null }): Promise<string[]> {
    const { account, serial } = of;
    await lock(this.#session, { accounts: [account] });
    if (serial !== null) return await this.#handlesOf({ account, serial });
    const rows = await this.#session.all<{ handle: string }>(ACCOUNT_HANDLES, [account]);
    return rows.map(({ handle }) => handle);
  }

  /** Of keys that have sealed seeds which are still good. */
  async keysOfSeeds(nowMs: number): Promise<string[]> {
    const rows = await this.#session.all<{ keyId: string }>(KEYS_OF_SEEDS, [nowMs]);
    return rows.map(({ keyId }) => keyId);
  }

  async liveOnlineCodes({ account, serial }: PassOf): Promise<string[]> {
    await lock(this.#session, { accounts: [account] });
    const rows = await this.#session.all<{ codeHash: string }>(LIVE_CODES, [account, serial]);
    return rows.map(({ codeHash }) => codeHash);
  }

  async #handlesOf({ account, serial }: PassOf): Promise<string[]> {
    const seeds = await this.#session.all<LiveSeed>(PHONE_SEEDS, [account, serial]);
    return seeds.map(({ handle }) => handle);
  }
}
