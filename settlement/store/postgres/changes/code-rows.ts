/** Seeds, spent time steps, online codes and wrong codes, written as the changes say. */
import type { CodeChange } from '../../../core/payments/payment-changes.ts';
import type { WriteSession } from '../session.ts';

/** Numbered within the payee; two that take the same number are told apart by its being unique. */
const ADD_FAILURE = `INSERT INTO payee_failure (payee, number, way, at_ms)
  SELECT $1::text, coalesce(max(number), 0) + 1, $2::text, $3::int8 FROM payee_failure WHERE payee = $1`;
const SET_FAILURES = 'UPDATE payment_seed SET failures = $1 WHERE handle = $2';
const SET_PAID = 'UPDATE payment_seed SET paid_cents = $1 WHERE handle = $2';
const SPEND = `INSERT INTO spent_step (handle, step, account)
  SELECT handle, $2::int8, account FROM payment_seed WHERE handle = $1`;
const ADD_HANDLE = 'INSERT INTO seed_handle (handle, account) VALUES ($1, $2)';
const ADD_SEED = `INSERT INTO payment_seed (handle, account, serial, key_id, sealed, created_at_ms,
    expires_at_ms, failures, paid_cents)
  VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)`;
const CONFIRM = 'UPDATE payment_seed SET confirmed_at_ms = $1 WHERE handle = $2';
const END = `UPDATE payment_seed SET ended_at_ms = $1, sealed = '' WHERE handle = $2`;
const END_OF_KEY = `UPDATE payment_seed SET ended_at_ms = $1, sealed = ''
  WHERE key_id = $2 AND ended_at_ms IS NULL`;
const ADD_ONLINE_CODE = `INSERT INTO online_code (code_hash, account, serial, expires_at_ms, state,
    bound_cents)
  VALUES ($1, $2, $3, $4, 'live', $5)`;
const SET_ONLINE_CODE = 'UPDATE online_code SET state = $1 WHERE code_hash = $2';

export class CodeRows {
  readonly #session: WriteSession;

  constructor(session: WriteSession) {
    this.#session = session;
  }

  async write(change: CodeChange): Promise<void> {
    const { run } = this.#session;
    switch (change.kind) {
      case 'addCodeFailure':
        await run(ADD_FAILURE, [change.payee, change.way, change.atMs]);
        break;
      case 'setHandleFailures':
        await run(SET_FAILURES, [change.failures, change.handle]);
        break;
      case 'setHandlePaid':
        await run(SET_PAID, [change.paidCents, change.handle]);
        break;
      case 'spendTimeStep':
        await run(SPEND, [change.handle, change.timeStep]);
        break;
      case 'addSeed': {
        const { handle, account, serial, keyId, sealed, nowMs, expiresAtMs } = change.seed;
        await run(ADD_HANDLE, [handle, account]);
        await run(ADD_SEED, [handle, account, serial, keyId, sealed, nowMs, expiresAtMs]);
        break;
      }
      case 'confirmSeed':
        await run(CONFIRM, [change.atMs, change.handle]);
        break;
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
      case 'setOnlineCodeState':
        await run(SET_ONLINE_CODE, [change.state, change.codeHash]);
        break;
    }
  }
}
