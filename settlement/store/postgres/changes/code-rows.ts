/** Seeds, spent time steps, online codes and wrong codes, written as the changes say. */
import type { CodeChange } from '../../../core/payments/payment-changes.ts';
import type { WriteSession } from '../session.ts';
import { columnsOf, lastOfEach } from './columns.ts';

/** Numbered within the payee; two that take the same number are told apart by its being unique. */
const ADD_FAILURE = `INSERT INTO payee_failure (payee, number, way, at_ms)
  SELECT $1::text, coalesce(max(number), 0) + 1, $2::text, $3::int8 FROM payee_failure WHERE payee = $1`;
const SET_FAILURES = 'UPDATE payment_seed SET failures = $1 WHERE handle = $2';
const SET_PAID = `UPDATE payment_seed SET paid_cents = new.cents
  FROM unnest($1::text[], $2::int8[]) AS new (handle, cents)
  WHERE payment_seed.handle = new.handle`;
const SPEND = `INSERT INTO spent_step (handle, step, account)
  SELECT payment_seed.handle, new.step, account FROM unnest($1::text[], $2::int8[]) AS new (handle, step)
  JOIN payment_seed ON payment_seed.handle = new.handle`;
const ADD_HANDLE = 'INSERT INTO seed_handle (handle, account) VALUES ($1, $2)';
const ADD_SEED = `INSERT INTO payment_seed (handle, account, serial, key_id, sealed, created_at_ms,
    expires_at_ms, failures, paid_cents)
  VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)`;
const CONFIRM = `UPDATE payment_seed SET confirmed_at_ms = new.at_ms
  FROM unnest($1::text[], $2::int8[]) AS new (handle, at_ms)
  WHERE payment_seed.handle = new.handle`;
const END = `UPDATE payment_seed SET ended_at_ms = $1, sealed = '' WHERE handle = $2`;
const END_OF_KEY = `UPDATE payment_seed SET ended_at_ms = $1, sealed = ''
  WHERE key_id = $2 AND ended_at_ms IS NULL`;
const ADD_ONLINE_CODE = `INSERT INTO online_code (code_hash, account, serial, expires_at_ms, state,
    bound_cents)
  VALUES ($1, $2, $3, $4, 'live', $5)`;
const SET_STATES = `UPDATE online_code SET state = new.state
  FROM unnest($1::text[], $2::text[]) AS new (code_hash, state)
  WHERE online_code.code_hash = new.code_hash`;

type Of<Kind extends CodeChange['kind']> = Extract<CodeChange, { kind: Kind }>;
/** Written many at once. */
type ManyKind = 'spendTimeStep' | 'confirmSeed' | 'setHandlePaid' | 'setOnlineCodeState';

export class CodeRows {
  readonly #session: WriteSession;

  constructor(session: WriteSession) {
    this.#session = session;
  }

  async spend(changes: readonly Of<'spendTimeStep'>[]): Promise<void> {
    const rows = changes.map(({ handle, timeStep }) => [handle, timeStep]);
    await this.#session.run(SPEND, columnsOf(rows));
  }

  async confirm(changes: readonly Of<'confirmSeed'>[]): Promise<void> {
    const rows = changes.map(({ handle, atMs }) => [handle, atMs]);
    await this.#session.run(CONFIRM, columnsOf(rows));
  }

  async setPaid(changes: readonly Of<'setHandlePaid'>[]): Promise<void> {
    const last = lastOfEach(changes, ({ handle }) => handle);
    const rows = last.map(({ handle, paidCents }) => [handle, paidCents]);
    await this.#session.run(SET_PAID, columnsOf(rows));
  }

  async setStates(changes: readonly Of<'setOnlineCodeState'>[]): Promise<void> {
    const last = lastOfEach(changes, ({ codeHash }) => codeHash);
    await this.#session.run(
      SET_STATES,
      columnsOf(last.map(({ codeHash, state }) => [codeHash, state])),
    );
  }

  async write(change: Exclude<CodeChange, Of<ManyKind>>): Promise<void> {
    const { run } = this.#session;
    switch (change.kind) {
      case 'addCodeFailure':
        await run(ADD_FAILURE, [change.payee, change.way, change.atMs]);
        break;
      case 'setHandleFailures':
        await run(SET_FAILURES, [change.failures, change.handle]);
        break;
      case 'addSeed': {
        const { handle, account, serial, keyId, sealed, nowMs, expiresAtMs } = change.seed;
        await run(ADD_HANDLE, [handle, account]);
        await run(ADD_SEED, [handle, account, serial, keyId, sealed, nowMs, expiresAtMs]);
        break;
      }
      case 'endSeed':
        await run(END, [change.atMs, change.handle]);
        break;
      case 'endSeedsOfKey':
        await run(END_OF_KEY, [change.atMs, change.keyId]);
        break;
      case 'addOnlineCode': {
        const { codeHash, account, serial, expiresAtMs, boundCents } = change;
        await run(ADD_ONLINE_CODE, [codeHash, account, serial, expiresAtMs, boundCents]);
        break;
      }
    }
  }
}
