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
import { lock } from '../locks.ts';
import type { Session } from '../session.ts';

const SEED = `SELECT handle, account, serial, key_id AS "keyId", sealed, expires_at_ms AS "expiresAtMs",
    confirmed_at_ms AS "confirmedAtMs", ended_at_ms AS "endedAtMs", failures, paid_cents AS "paidCents"
  FROM payment_seed WHERE handle = $1`;
/** Of any account: who was first with a handle has it. */
const IS_TAKEN = 'SELECT 1 FROM seed_handle WHERE handle = $1';
const PHONE_SEEDS = `SELECT handle, confirmed_at_ms AS "confirmedAtMs" FROM payment_seed
  WHERE account = $1 AND serial = $2 AND ended_at_ms IS NULL ORDER BY handle`;
const ACCOUNT_HANDLES = `SELECT handle FROM payment_seed
  WHERE account = $1 AND ended_at_ms IS NULL ORDER BY handle`;
const KEYS_OF_SEEDS = `SELECT DISTINCT key_id AS "keyId" FROM payment_seed
  WHERE ended_at_ms IS NULL AND expires_at_ms >= $1 ORDER BY 1`;
const IS_SPENT = 'SELECT 1 FROM spent_step WHERE handle = $1 AND step = $2 AND account = $3';
const FAILURES = `SELECT count(*) AS count, coalesce(max(at_ms), 0) AS "latestMs" FROM payee_failure
  WHERE payee = $1 AND way = $2 AND at_ms > $3`;
const ONLINE_CODE = `SELECT account, serial, expires_at_ms AS "expiresAtMs", state,
    bound_cents AS "boundCents"
  FROM online_code WHERE code_hash = $1`;
const LIVE_CODES = `SELECT code_hash AS "codeHash" FROM online_code
  WHERE account = $1 AND serial = $2 AND state = 'live' ORDER BY code_hash`;
const NO_FAILURES: PayeeFailures = { count: 0, latestMs: 0 };

export class CodeReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Whose code it is, which never changes; null: nobody's. */
  async ownerOf(presented: Presented): Promise<PassOf | null> {
    return presented.way === 'ONLINE_CODE'
      ? await this.#onlineCode(presented.codeHash)
      : await this.seed(presented.handle);
  }

  async code(presented: Presented, owner: PassOf | null): Promise<CodeFacts> {
    if (presented.way === 'ONLINE_CODE') {
      return { way: 'ONLINE_CODE', code: await this.#onlineCode(presented.codeHash) };
    }
    const { handle, timeStep, strayStep = null } = presented;
    const step = timeStep ?? strayStep;
    const [seed, isSpent, phoneHandles] = await Promise.all([
      this.seed(handle),
      owner !== null && step !== null && this.#isSpent({ ...owner, handle }, step),
      // Of a wrong password no more is read than of an unknown handle.
      owner === null || timeStep === null ? [] : this.#handlesOf(owner),
    ]);
    return { way: 'PAYMENT_CODE', seed, isSpent, phoneHandles };
  }

  async seed(handle: string): Promise<SeedFacts | null> {
    return (await this.#session.first<SeedFacts>(SEED, [handle])) ?? null;
  }

  async #onlineCode(codeHash: string): Promise<OnlineCodeFacts | null> {
    return (await this.#session.first<OnlineCodeFacts>(ONLINE_CODE, [codeHash])) ?? null;
  }

  async #isSpent(
    { account, handle }: Pick<SeedFacts, 'account' | 'handle'>,
    step: number,
  ): Promise<boolean> {
    return (await this.#session.first(IS_SPENT, [handle, step, account])) !== undefined;
  }

  /** Wrong codes of this method that this payee has sent lately. */
  async failuresOf(
    payee: string,
    { way, nowMs }: { way: string; nowMs: number },
  ): Promise<PayeeFailures> {
    const of = [payee, way, nowMs - FAILURE_WINDOW_MS];
    return (await this.#session.first<PayeeFailures>(FAILURES, of)) ?? NO_FAILURES;
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
