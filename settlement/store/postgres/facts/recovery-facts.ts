/** What is known of an account's phones and of the codes that bring it to another one; moves that wait. */

import { assert } from '@stile/protocol/fault.ts';
import type { MoveFacts, StoredApproval } from '../../../core/access/approval.ts';
import type { AccountAccess, RecoveryFacts } from '../../../core/access/recovery.ts';
import type { CodeMatch, StoredRecoveryCode } from '../../../core/access/recovery-codes.ts';
import type { RecoveryReader } from '../../database.ts';
import { lock } from '../locks.ts';
import type { Session } from '../session.ts';
import { PassReader } from './invites.ts';
import { passesOf } from './ruling-facts.ts';

export const APPROVAL = `SELECT id, account, note, by_name AS "by", asked_at_ms AS "askedAtMs",
    ends_at_ms AS "endsAtMs", approved_by AS "approvedBy", used_at_ms AS "usedAtMs"
  FROM approval`;
const BY_ID = `${APPROVAL} WHERE id = $1`;
const BY_ASKER = `${APPROVAL} WHERE account = $1 AND by_name = $2 ORDER BY id DESC LIMIT 1`;
const OPEN = `${APPROVAL} WHERE used_at_ms IS NULL AND ends_at_ms > $1 ORDER BY id`;
const NEXT = 'SELECT coalesce(max(id), 0) + 1 AS next FROM approval';
const CODE = `SELECT account, kind, made_at_ms AS "madeAtMs", expires_at_ms AS "expiresAtMs",
    ended_at_ms AS "endedAtMs", used_serial AS "usedSerial", drawn_by AS "drawnBy",
    replaced_at_ms AS "replacedAtMs", disowned_at_ms AS "disownedAtMs"
  FROM recovery_code WHERE code_hash = $1`;
export const OPEN_CODES = `SELECT code_hash AS "codeHash", kind, made_at_ms AS "madeAtMs",
    expires_at_ms AS "expiresAtMs", drawn_by AS "drawnBy", replaced_at_ms AS "replacedAtMs",
    disowned_at_ms AS "disownedAtMs"
  FROM recovery_code
  WHERE account = $1 AND ended_at_ms IS NULL ORDER BY code_hash`;
const PASSES = `SELECT serial, public_key AS "publicKey", enrolled_at_ms AS "enrolledAtMs",
    added_by AS "addedBy", ended_at_ms AS "endedAtMs" FROM pass
  WHERE account = $1 ORDER BY serial`;
const SEEDS = `SELECT handle, serial FROM payment_seed
  WHERE account = $1 AND ended_at_ms IS NULL ORDER BY handle`;
const ONLINE_CODES = `SELECT code_hash AS "codeHash", serial FROM online_code
  WHERE account = $1 AND state = 'live' ORDER BY code_hash`;
/** As the index says it: what may still do something. */
const MAY_WORK = '(ended_at_ms IS NULL OR used_serial IS NOT NULL)';
const MATCH = `SELECT
  EXISTS (SELECT 1 FROM recovery_code WHERE quick_hash = $1 AND ${MAY_WORK}) AS "isKnown",
  EXISTS (SELECT 1 FROM recovery_code WHERE quick_hash IS NULL AND ${MAY_WORK}) AS "hasOlder"`;
/** No code has this; what follows from it is that nothing reaches the account. */
const NO_ACCOUNT = '';

type CodeQuery = Parameters<RecoveryReader['recovery']>[0];

export class RecoveryFactReader implements RecoveryReader {
  readonly #session: Session;
  readonly #passes: PassReader;

  constructor(session: Session) {
    this.#session = session;
    this.#passes = new PassReader(session);
  }

  async accountAccess(account: string): Promise<AccountAccess> {
    await lock(this.#session, { accounts: [account] });
    return await this.#access(account);
  }

  async recovery({ codeHash, publicKey, nowMs }: CodeQuery): Promise<RecoveryFacts> {
    // Whose code it is never changes.
    const account = (await this.#code(codeHash))?.account ?? NO_ACCOUNT;
    await lock(this.#session, { accounts: [account], owns: [passesOf(account)] });
    const code = await this.#code(codeHash);
    const serial = code?.usedSerial ?? 0;
    const nowS = Math.floor(nowMs / 1000);
    return {
      code,
      isKeyTaken: await this.#passes.isKeyTaken(publicKey),
      openIssues: await this.#passes.openIssues({ account, serial }, nowS),
      openPhones: await this.#passes.openPhones(account, nowS),
      access: await this.#access(account),
    };
  }

  async matchCode(quickHash: string): Promise<CodeMatch> {
    const match = await this.#session.first<CodeMatch>(MATCH, [quickHash]);
    assert(match !== undefined, 'a row without a table is one row');
    return match;
  }

  async move({ account, by }: { account: string; by: string }): Promise<MoveFacts> {
    await lock(this.#session, { accounts: [account], turns: ['approvals'] });
    const next = await this.#session.first<{ next: number }>(NEXT);
    return {
      isKnown: await this.#passes.isAccountKnown(account),
      approval: (await this.#session.first<StoredApproval>(BY_ASKER, [account, by])) ?? null,
      nextApproval: next?.next ?? 1,
      access: await this.#access(account),
    };
  }

  async approval(id: number): Promise<StoredApproval | null> {
    // Whose it is never changes.
    const found = await this.#approval(id);
    if (found === null) return null;
    await lock(this.#session, { accounts: [found.account] });
    return await this.#approval(id);
  }

  async listApprovals(nowMs: number): Promise<StoredApproval[]> {
    return await this.#session.all<StoredApproval>(OPEN, [nowMs]);
  }

  async #approval(id: number): Promise<StoredApproval | null> {
    return (await this.#session.first<StoredApproval>(BY_ID, [id])) ?? null;
  }

  async #code(codeHash: string): Promise<StoredRecoveryCode | null> {
    return (await this.#session.first<StoredRecoveryCode>(CODE, [codeHash])) ?? null;
  }

  async #access(account: string): Promise<AccountAccess> {
    const of = [account];
    return {
      passes: await this.#session.all<AccountAccess['passes'][number]>(PASSES, of),
      seeds: await this.#session.all<AccountAccess['seeds'][number]>(SEEDS, of),
      onlineCodes: await this.#session.all<AccountAccess['onlineCodes'][number]>(ONLINE_CODES, of),
      codes: await this.#session.all<AccountAccess['codes'][number]>(OPEN_CODES, of),
    };
  }
}
