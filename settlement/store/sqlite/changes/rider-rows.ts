/** Riders, passes, sessions and gates, written as the changes say; and what has expired, removed. */

import type { GateChange, RiderChange } from '../../../core/access/rider-changes.ts';
import type { Expired, RetentionChange } from '../../../core/changes.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    addAccount: db.prepare(
      'INSERT INTO account (account, created_at_ms, enrolled_by, person_hash) VALUES (?, ?, ?, ?)',
    ),
    addInvite: db.prepare(
      `INSERT INTO invite (token_hash, kind, person_hash, expires_at_ms)
       VALUES (@tokenHash, @kind, @personHash, @expiresAtMs)`,
    ),
    addEnrolment: db.prepare('INSERT INTO enrolment (address, at_ms) VALUES (?, ?)'),
    useInvite: db.prepare('UPDATE invite SET used_at_ms = ? WHERE token_hash = ?'),
    addPass: db.prepare(
      `INSERT INTO pass (account, serial, algorithm, public_key, added_by, enrolled_at_ms)
       VALUES (?, ?, ?, ?, ?, ?)`,
    ),
    addPassIssue: db.prepare(
      `INSERT INTO pass_issue (account, serial, issuer, key_id, issued_at_s, expires_at_s)
       VALUES (@account, @serial, @issuer, @keyId, @issuedAtS, @expiresAtS)`,
    ),
    addSession: db.prepare('INSERT INTO session VALUES (?, ?, ?, ?)'),
    addGate: db.prepare(
      'INSERT INTO gate (gate, scope, created_at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    addGateToken: db.prepare('INSERT INTO gate_token VALUES (?, ?, ?, ?, ?, NULL)'),
    useGateToken: db.prepare('UPDATE gate_token SET used_at_ms = ? WHERE token_hash = ?'),
    setEnrolled: db.prepare('UPDATE gate SET scope = ?, enrolled_at_ms = ? WHERE gate = ?'),
    endGateKey: db.prepare('UPDATE gate_key SET until_ms = ? WHERE id = ?'),
    revokeGateKey: db.prepare('UPDATE gate_key SET revoked_at_ms = ?, revoked_by = ? WHERE id = ?'),
    addGateKey: db.prepare('INSERT INTO gate_key (gate, public_key, from_ms) VALUES (?, ?, ?)'),
    addGateLine: db.prepare('INSERT INTO gate_line (gate, line, from_ms) VALUES (?, ?, ?)'),
    expired: {
      session: removal(db, 'session', { keys: 'token_hash', age: 'expires_at_s' }),
      gateToken: removal(db, 'gate_token', {
        keys: 'token_hash',
        age: 'used_at_ms IS NULL AND expires_at_ms',
      }),
      spentTimeStep: removal(db, 'spent_step', { keys: 'handle, step', age: 'step' }),
      onlineCode: removal(db, 'online_code', { keys: 'code_hash', age: 'expires_at_ms' }),
      codeFailure: removal(db, 'payee_failure', { keys: 'number', age: 'at_ms' }),
      enrolment: removal(db, 'enrolment', { keys: 'number', age: 'at_ms' }),
      seed: removal(db, 'payment_seed', { keys: 'handle', age: 'expires_at_ms' }),
      invite: removal(db, 'invite', { keys: 'token_hash', age: 'expires_at_ms' }),
      operatorToken: removal(db, 'operator_token', { keys: 'token_hash', age: 'ends_at_ms' }),
      usedChallenge: removal(db, 'used_challenge', { keys: 'challenge', age: 'ends_at_s' }),
      riderEvent: removal(db, 'rider_event', { keys: 'account, number', age: 'at_ms' }),
      merchantEvent: removal(db, 'merchant_event', { keys: 'merchant, number', age: 'at_ms' }),
    } satisfies Record<Expired, unknown>,
  };
}

/** Removes rows of a table whose age is below a bound, up to a number of them. */
function removal(
  db: Connection['db'],
  table: string,
  { keys, age }: { keys: string; age: string },
) {
  return db.prepare(
    `DELETE FROM ${table} WHERE (${keys}) IN
       (SELECT ${keys} FROM ${table} WHERE ${age} < ? LIMIT ?)`,
  );
}

export class RiderRows {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  write(change: RiderChange | GateChange | RetentionChange): void {
    switch (change.kind) {
      case 'addAccount': {
        const { account, enrolledBy, personHash, atMs } = change;
        this.#sql.addAccount.run(account, atMs, enrolledBy, personHash);
        break;
      }
      case 'addEnrolment':
        this.#sql.addEnrolment.run(change.address, change.atMs);
        break;
      case 'addInvite':
        this.#sql.addInvite.run(change.invite);
        break;
      case 'useInvite':
        this.#sql.useInvite.run(change.atMs, change.tokenHash);
        break;
      case 'addPass': {
        const { account, serial, algorithm, publicKey } = change.pass;
        this.#sql.addPass.run(account, serial, algorithm, publicKey, change.addedBy, change.atMs);
        break;
      }
      case 'addPassIssue': {
        const { account, serial, issue } = change;
        this.#sql.addPassIssue.run({ account, serial, ...issue });
        break;
      }
      case 'addSession': {
        const { tokenHash, account, serial, expiresAtS } = change;
        this.#sql.addSession.run(tokenHash, account, serial, expiresAtS);
        break;
      }
      case 'deleteExpired':
        this.#sql.expired[change.what].run(change.before, change.rowsMax);
        break;
      default:
        this.#writeGate(change);
    }
  }

  #writeGate(change: GateChange): void {
    switch (change.kind) {
      case 'addGate':
        this.#sql.addGate.run(change.gate, change.scope, change.atMs);
        break;
      case 'addGateToken': {
        const { tokenHash, gate, line, scope, expiresAtMs } = change;
        this.#sql.addGateToken.run(tokenHash, gate, line, scope, expiresAtMs);
        break;
      }
      case 'useGateToken':
        this.#sql.useGateToken.run(change.atMs, change.tokenHash);
        break;
      case 'setGateEnrolled':
        this.#sql.setEnrolled.run(change.scope, change.atMs, change.gate);
        break;
      case 'endGateKey':
        this.#sql.endGateKey.run(change.atMs, change.id);
        break;
      case 'revokeGateKey':
        this.#sql.revokeGateKey.run(change.atMs, change.by, change.id);
        break;
      case 'addGateKey':
        this.#sql.addGateKey.run(change.gate, change.publicKey, change.fromMs);
        break;
      case 'addGateLine':
        this.#sql.addGateLine.run(change.gate, change.line, change.fromMs);
        break;
    }
  }
}
