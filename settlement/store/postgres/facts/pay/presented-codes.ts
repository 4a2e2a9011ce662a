/** What is known of codes that were presented, and of the wrong ones of whoever presents them; many at once. */
import { FAILURE_WINDOW_MS, type PayeeFailures } from '../../../../core/payments/payment-rules.ts';
import type {
  CodeFacts,
  OnlineCodeFacts,
  Presented,
  SeedFacts,
} from '../../../../core/payments/spend-code.ts';
import type { PassOf } from '../../../port.ts';
import { columnsOf } from '../../changes/columns.ts';
import type { Session } from '../../session.ts';
import type { CodeReader } from '../code-facts.ts';

const ONLINE_CODES = `SELECT code_hash AS "codeHash", account, serial, expires_at_ms AS "expiresAtMs",
    state, bound_cents AS "boundCents"
  FROM online_code WHERE code_hash = ANY($1::text[])`;
const SPENT_STEPS = `SELECT spent_step.handle
  FROM unnest($1::text[], $2::int8[], $3::text[]) AS asked (handle, step, account)
  JOIN spent_step ON spent_step.handle = asked.handle AND spent_step.step = asked.step
    AND spent_step.account = asked.account`;
const PHONE_HANDLES = `SELECT payment_seed.account, payment_seed.serial, handle
  FROM unnest($1::text[], $2::int8[]) AS asked (account, serial)
  JOIN payment_seed ON payment_seed.account = asked.account AND payment_seed.serial = asked.serial
  WHERE ended_at_ms IS NULL ORDER BY handle`;
const FAILURES = `SELECT count(at_ms) AS count, coalesce(max(at_ms), 0) AS "latestMs"
  FROM unnest($1::text[], $2::text[], $3::int8[]) WITH ORDINALITY AS asked (payee, way, from_ms, place)
  LEFT JOIN payee_failure ON payee_failure.payee = asked.payee AND payee_failure.way = asked.way
    AND at_ms > asked.from_ms
  GROUP BY place ORDER BY place`;

/** One of each account only. */
export type PresentedBy = { presented: Presented; owner: PassOf | null };
type OnlineCodeRow = OnlineCodeFacts & { codeHash: string };
type Known = { seeds: Map<string, SeedFacts>; codes: Map<string, OnlineCodeFacts> };

export class PresentedCodes {
  readonly #session: Session;
  readonly #codes: CodeReader;

  constructor(session: Session, codes: CodeReader) {
    this.#session = session;
    this.#codes = codes;
  }

  /** Whose codes they are, which never changes; null: nobody's. */
  async owners(presented: readonly Presented[]): Promise<(PassOf | null)[]> {
    const { seeds, codes } = await this.#known(presented);
    return presented.map((one) => {
      const code = one.way === 'ONLINE_CODE' ? codes.get(one.codeHash) : seeds.get(one.handle);
      return code === undefined ? null : { account: code.account, serial: code.serial };
    });
  }

  async read(asked: readonly PresentedBy[]): Promise<CodeFacts[]> {
    const [{ seeds, codes }, spent, handles] = await Promise.all([
      this.#known(asked.map(({ presented }) => presented)),
      this.#spent(asked),
      this.#phoneHandles(asked),
    ]);
    return asked.map(({ presented, owner }): CodeFacts => {
      if (presented.way === 'ONLINE_CODE') {
        return { way: 'ONLINE_CODE', code: codes.get(presented.codeHash) ?? null };
      }
      const { handle } = presented;
      return {
        way: 'PAYMENT_CODE',
        seed: seeds.get(handle) ?? null,
        isSpent: spent.has(handle),
        phoneHandles: isWrong(presented) ? [] : (handles.get(owner?.account ?? '') ?? []),
      };
    });
  }

  /** Wrong codes of this method that the payee has sent lately; one for each that is asked for, in their order. */
  async failures(
    asked: readonly { payee: string; way: string; nowMs: number }[],
  ): Promise<PayeeFailures[]> {
    const rows = asked.map(({ payee, way, nowMs }) => [payee, way, nowMs - FAILURE_WINDOW_MS]);
    return await this.#session.all<PayeeFailures>(FAILURES, columnsOf(rows));
  }

  async #known(presented: readonly Presented[]): Promise<Known> {
    const handles = presented.flatMap((one) => (one.way === 'PAYMENT_CODE' ? [one.handle] : []));
    const hashes = presented.flatMap((one) => (one.way === 'ONLINE_CODE' ? [one.codeHash] : []));
    const [seeds, codes] = await Promise.all([
      this.#codes.seeds(handles),
      hashes.length === 0 ? [] : this.#session.all<OnlineCodeRow>(ONLINE_CODES, [hashes]),
    ]);
    return {
      seeds,
      codes: new Map(codes.map(({ codeHash, ...code }) => [codeHash, code])),
    };
  }

  /** Handles whose presented step, or stray one, was spent before. */
  async #spent(asked: readonly PresentedBy[]): Promise<Set<string>> {
    const steps = asked.flatMap(({ presented, owner }) => {
      if (presented.way !== 'PAYMENT_CODE' || owner === null) return [];
      const { handle, timeStep, strayStep = null } = presented;
      const step = timeStep ?? strayStep;
      return step === null ? [] : [[handle, step, owner.account]];
    });
    if (steps.length === 0) return new Set();
    const rows = await this.#session.all<{ handle: string }>(SPENT_STEPS, columnsOf(steps));
    return new Set(rows.map(({ handle }) => handle));
  }

  /** By account; of a wrong password no more is read than of an unknown handle: it takes as long. */
  async #phoneHandles(asked: readonly PresentedBy[]): Promise<Map<string, string[]>> {
    const phones = asked.flatMap(({ presented, owner }) =>
      owner === null || presented.way !== 'PAYMENT_CODE' || isWrong(presented)
        ? []
        : [[owner.account, owner.serial]],
    );
    if (phones.length === 0) return new Map();
    type Row = { account: string; handle: string };
    const rows = await this.#session.all<Row>(PHONE_HANDLES, columnsOf(phones));
    const found = Map.groupBy(rows, ({ account }) => account);
    return new Map([...found].map(([account, own]) => [account, own.map(({ handle }) => handle)]));
  }
}

/** A payment code whose password is that of no step that is good. */
export function isWrong(presented: Presented): boolean {
  return presented.way === 'PAYMENT_CODE' && presented.timeStep === null;
}
