/** Riders, passes, sessions and gates, written as the changes say; and what has expired, removed. */
import type { GateChange, RiderChange } from '../../../core/access/rider-changes.ts';
import type { Expired, RetentionChange } from '../../../core/changes.ts';
import { epochRange, slotOf } from '../ids.ts';
import type { WriteSession } from '../session.ts';

const ADD_ACCOUNT = `INSERT INTO account (account, created_at_ms, enrolled_by, person_hash)
  VALUES ($1, $2, $3, $4)`;
const ADD_INVITE = `INSERT INTO invite (token_hash, kind, person_hash, expires_at_ms)
  VALUES ($1, $2, $3, $4)`;
const ADD_ENROLMENT = `INSERT INTO enrolment (address, number, at_ms)
  SELECT $1::text, coalesce(max(number), 0) + 1, $2::int8 FROM enrolment WHERE address = $1`;
const USE_INVITE = 'UPDATE invite SET used_at_ms = $1 WHERE token_hash = $2';
const ADD_KEY = 'INSERT INTO pass_key (public_key, account) VALUES ($1, $2)';
const ADD_PASS = `INSERT INTO pass (account, serial, algorithm, public_key, added_by, enrolled_at_ms)
  VALUES ($1, $2, $3, $4, $5, $6)`;
const ADD_PASS_ISSUE = `INSERT INTO pass_issue (account, number, serial, issuer, key_id, issued_at_s,
    expires_at_s)
  SELECT $1::text, coalesce(max(number), 0) + 1, $2::int8, $3::int8, $4::int8, $5::int8, $6::int8
  FROM pass_issue WHERE account = $1`;
const ADD_SESSION = `INSERT INTO session (token_hash, account, serial, expires_at_s)
  VALUES ($1, $2, $3, $4)`;
const ADD_GATE = `INSERT INTO gate (gate, slot, scope, created_at_ms) VALUES ($1, $2, $3, $4)
  ON CONFLICT (gate, slot) DO NOTHING`;
const ADD_GATE_TOKEN = `INSERT INTO gate_token (token_hash, gate, slot, line, scope, expires_at_ms)
  VALUES ($1, $2, $3, $4, $5, $6)`;
const USE_GATE_TOKEN = 'UPDATE gate_token SET used_at_ms = $1 WHERE token_hash = $2';
const SET_ENROLLED = 'UPDATE gate SET scope = $1, enrolled_at_ms = $2 WHERE gate = $3';
const END_GATE_KEY = 'UPDATE gate_key SET until_ms = $1 WHERE id = $2';
const REVOKE_GATE_KEY = 'UPDATE gate_key SET revoked_at_ms = $1, revoked_by = $2 WHERE id = $3';
/** Numbered within the slot; two that take the same number are told apart by its being unique. */
const ADD_GATE_KEY = `INSERT INTO gate_key (id, slot, gate, public_key, from_ms)
  SELECT coalesce(max(id), $1::int8) + 1, $3::int2, $4::text, $5::bytea, $6::int8
  FROM gate_key WHERE id > $1::int8 AND id < $2::int8`;
const ADD_GATE_LINE = `INSERT INTO gate_line (gate, number, slot, line, from_ms)
  SELECT $1::text, coalesce(max(number), 0) + 1, $2::int2, $3::text, $4::int8
  FROM gate_line WHERE gate = $1`;

const REMOVALS: Readonly<Record<Expired, string>> = {
  session: removal('session', { keys: 'token_hash, account', age: 'expires_at_s' }),
  gateToken: removal('gate_token', {
    keys: 'token_hash, slot',
    age: 'used_at_ms IS NULL AND expires_at_ms',
  }),
  spentTimeStep: removal('spent_step', { keys: 'handle, step, account', age: 'step' }),
  onlineCode: removal('online_code', { keys: 'code_hash, account', age: 'expires_at_ms' }),
  codeFailure: removal('payee_failure', { keys: 'payee, number', age: 'at_ms' }),
  enrolment: removal('enrolment', { keys: 'address, number', age: 'at_ms' }),
  seed: `WITH removed AS (
      ${removal('payment_seed', { keys: 'handle, account', age: 'expires_at_ms' })} RETURNING handle)
    DELETE FROM seed_handle WHERE handle IN (SELECT handle FROM removed)`,
  invite: removal('invite', { keys: 'token_hash', age: 'expires_at_ms' }),
  operatorToken: removal('operator_token', { keys: 'token_hash', age: 'ends_at_ms' }),
  usedChallenge: removal('used_challenge', { keys: 'challenge', age: 'ends_at_s' }),
  riderEvent: removal('rider_event', { keys: 'account, number', age: 'at_ms' }),
  merchantEvent: removal('merchant_event', { keys: 'merchant, number', age: 'at_ms' }),
};

/** Removes rows of a table whose age is below a bound, up to a number of them; not those that somebody holds. */
function removal(table: string, { keys, age }: { keys: string; age: string }): string {
  return `DELETE FROM ${table} WHERE (${keys}) IN
    (SELECT ${keys} FROM ${table} WHERE ${age} < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`;
}

export class RiderRows {
  readonly #session: WriteSession;

  constructor(session: WriteSession) {
    this.#session = session;
  }

  async write(change: RiderChange | GateChange | RetentionChange): Promise<void> {
    const { run } = this.#session;
    switch (change.kind) {
      case 'addAccount': {
        const { account, enrolledBy, personHash, atMs } = change;
        await run(ADD_ACCOUNT, [account, atMs, enrolledBy, personHash]);
        break;
      }
      case 'addEnrolment':
        await run(ADD_ENROLMENT, [change.address, change.atMs]);
        break;
      case 'addInvite': {
        const { tokenHash, kind, personHash, expiresAtMs } = change.invite;
        await run(ADD_INVITE, [tokenHash, kind, personHash, expiresAtMs]);
        break;
      }
      case 'useInvite':
        await run(USE_INVITE, [change.atMs, change.tokenHash]);
        break;
      case 'addPass': {
        const { account, serial, algorithm, publicKey } = change.pass;
        await run(ADD_KEY, [publicKey, account]);
        await run(ADD_PASS, [account, serial, algorithm, publicKey, change.addedBy, change.atMs]);
        break;
      }
      case 'addPassIssue': {
        const { issuer, keyId, issuedAtS, expiresAtS } = change.issue;
        const of = [change.account, change.serial];
        await run(ADD_PASS_ISSUE, [...of, issuer, keyId, issuedAtS, expiresAtS]);
        break;
      }
      case 'addSession': {
        const { tokenHash, account, serial, expiresAtS } = change;
        await run(ADD_SESSION, [tokenHash, account, serial, expiresAtS]);
        break;
      }
      case 'deleteExpired':
        await run(REMOVALS[change.what], [change.before, change.rowsMax]);
        break;
      default:
        await this.#writeGate(change);
    }
  }

  async #writeGate(change: GateChange): Promise<void> {
    const { run } = this.#session;
    switch (change.kind) {
      case 'addGate':
        await run(ADD_GATE, [change.gate, slotOf(change.gate), change.scope, change.atMs]);
        break;
      case 'addGateToken': {
        const { tokenHash, gate, line, scope, expiresAtMs } = change;
        await run(ADD_GATE_TOKEN, [tokenHash, gate, slotOf(gate), line, scope, expiresAtMs]);
        break;
      }
      case 'useGateToken':
        await run(USE_GATE_TOKEN, [change.atMs, change.tokenHash]);
        break;
      case 'setGateEnrolled':
        await run(SET_ENROLLED, [change.scope, change.atMs, change.gate]);
        break;
      case 'endGateKey':
        await run(END_GATE_KEY, [change.atMs, change.id]);
        break;
      case 'revokeGateKey':
        await run(REVOKE_GATE_KEY, [change.atMs, change.by, change.id]);
        break;
      case 'addGateKey': {
        const { gate, publicKey, fromMs } = change;
        const slot = slotOf(gate);
        await run(ADD_GATE_KEY, [...epochRange(slot), slot, gate, publicKey, fromMs]);
        break;
      }
      case 'addGateLine':
        await run(ADD_GATE_LINE, [change.gate, slotOf(change.gate), change.line, change.fromMs]);
        break;
    }
  }
}
