/** What is known of an account's phones and of the codes that bring it to another one; moves that wait. */
import type { MoveFacts, StoredApproval } from '../../../core/access/approval.ts';
import type { AccountAccess, RecoveryFacts } from '../../../core/access/recovery.ts';
import type { CodeMatch, StoredRecoveryCode } from '../../../core/access/recovery-codes.ts';
import type { RecoveryReader } from '../../database.ts';
import type { Connection } from '../connection.ts';
import { OPEN_ISSUES, OPEN_PHONES } from './invites.ts';

export const APPROVAL = `SELECT id, account, note, by_name AS "by", asked_at_ms AS askedAtMs, ends_at_ms AS endsAtMs,
  approved_by AS approvedBy, used_at_ms AS usedAtMs FROM approval`;
export const OPEN_CODES = `SELECT code_hash AS codeHash, kind, made_at_ms AS madeAtMs,
    expires_at_ms AS expiresAtMs, drawn_by AS drawnBy, replaced_at_ms AS replacedAtMs,
    disowned_at_ms AS disownedAtMs
  FROM recovery_code WHERE account = ? AND ended_at_ms IS NULL`;
/** As the index says it: what may still do something. */
const MAY_WORK = '(ended_at_ms IS NULL OR used_serial IS NOT NULL)';
/** No code has this; what follows from it is that nothing reaches the account. */
const NO_ACCOUNT = '';

function prepare(db: Connection['db']) {
  return {
    code: db.prepare(
      `SELECT account, kind, made_at_ms AS madeAtMs, expires_at_ms AS expiresAtMs, ended_at_ms AS endedAtMs,
         used_serial AS usedSerial, drawn_by AS drawnBy, replaced_at_ms AS replacedAtMs,
         disowned_at_ms AS disownedAtMs
       FROM recovery_code WHERE code_hash = ?`,
    ),
    codes: db.prepare(OPEN_CODES),
    ofQuickHash: db.prepare(
      `SELECT 1 FROM recovery_code WHERE quick_hash = ? AND ${MAY_WORK} LIMIT 1`,
    ),
    withoutQuickHash: db.prepare(
      `SELECT 1 FROM recovery_code WHERE quick_hash IS NULL AND ${MAY_WORK} LIMIT 1`,
    ),
    passes: db.prepare(
      `SELECT serial, public_key AS publicKey, enrolled_at_ms AS enrolledAtMs,
         added_by AS addedBy, ended_at_ms AS endedAtMs FROM pass
       WHERE account = ? ORDER BY serial`,
    ),
    seeds: db.prepare(
      'SELECT handle, serial FROM payment_seed WHERE account = ? AND ended_at_ms IS NULL',
    ),
    onlineCodes: db.prepare(
      `SELECT code_hash AS codeHash, serial FROM online_code WHERE account = ? AND state = 'live'`,
    ),
    passOfKey: db.prepare('SELECT 1 FROM pass WHERE public_key = ?').pluck(),
    openIssues: db.prepare(OPEN_ISSUES).pluck(),
    openPhones: db.prepare(OPEN_PHONES).pluck(),
    account: db.prepare('SELECT 1 FROM account WHERE account = ?').pluck(),
    approval: db.prepare(`${APPROVAL} WHERE id = ?`),
    approvalBy: db.prepare(
      `${APPROVAL} WHERE account = ? AND by_name = ? ORDER BY id DESC LIMIT 1`,
    ),
    approvals: db.prepare(`${APPROVAL} WHERE used_at_ms IS NULL AND ends_at_ms > ? ORDER BY id`),
    nextApproval: db.prepare('SELECT coalesce(max(id), 0) + 1 FROM approval').pluck(),
  };
}

type CodeQuery = Parameters<RecoveryReader['recovery']>[0];

export class RecoveryFactReader implements RecoveryReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  accountAccess(account: string): AccountAccess {
    return {
      passes: this.#sql.passes.all(account) as AccountAccess['passes'],
      seeds: this.#sql.seeds.all(account) as AccountAccess['seeds'],
      onlineCodes: this.#sql.onlineCodes.all(account) as AccountAccess['onlineCodes'],
      codes: this.#sql.codes.all(account) as AccountAccess['codes'],
    };
  }

  recovery({ codeHash, publicKey, nowMs }: CodeQuery): RecoveryFacts {
    const code = this.#sql.code.get(codeHash) as StoredRecoveryCode | undefined;
    const account = code?.account ?? NO_ACCOUNT;
    const nowS = Math.floor(nowMs / 1000);
    return {
      code: code ?? null,
      isKeyTaken: this.#sql.passOfKey.get(publicKey) !== undefined,
      openIssues: this.#sql.openIssues.get(account, code?.usedSerial ?? 0, nowS) as number,
      openPhones: this.#sql.openPhones.get(account, nowS) as number,
      access: this.accountAccess(account),
    };
  }

  matchCode(quickHash: string): CodeMatch {
    return {
      isKnown: this.#sql.ofQuickHash.get(quickHash) !== undefined,
      hasOlder: this.#sql.withoutQuickHash.get() !== undefined,
    };
  }

  move({ account, by }: { account: string; by: string }): MoveFacts {
    return {
      isKnown: this.#sql.account.get(account) !== undefined,
      approval: (this.#sql.approvalBy.get(account, by) as StoredApproval | undefined) ?? null,
      nextApproval: this.#sql.nextApproval.get() as number,
      access: this.accountAccess(account),
    };
  }

  approval(id: number): StoredApproval | null {
    return (this.#sql.approval.get(id) as StoredApproval | undefined) ?? null;
  }

  listApprovals(nowMs: number): StoredApproval[] {
    return this.#sql.approvals.all(nowMs) as StoredApproval[];
  }
}
