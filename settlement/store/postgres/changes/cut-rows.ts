/** Rows that are kept for a time only, taken away as the changes say, and what is noted of them. */
import { fromHex } from '@stile/protocol/bytes.ts';
import type { CutChange } from '../../../core/retention/cut-changes.ts';
import type { SealRows } from '../seals.ts';
import type { WriteSession } from '../session.ts';

const CUT_TRUST_LIST = 'DELETE FROM trust_list WHERE version = $1';
const KEEP_KEY = 'INSERT INTO refused_key (payee, key, reason, at_ms) VALUES ($1, $2, $3, $4)';
const CUT_PAYMENT = 'DELETE FROM payment WHERE id = $1 AND payee = $2';
const CUT_DENY_VERSION = 'DELETE FROM deny_version WHERE version = $1';
const CUT_DENY_ENTRY = 'DELETE FROM deny_entry WHERE id = $1 AND added_in = $2';
const CUT_DENIAL = 'DELETE FROM denial WHERE number = $1';
const CUT_RECOVERY_CODE = 'DELETE FROM recovery_code WHERE code_hash = $1 AND account = $2';
const CUT_APPROVAL = 'DELETE FROM approval WHERE id = $1 AND account = $2';
const NOTE = `INSERT INTO cut (kind, rows, link, seal) VALUES ($1, $2, $3, $4)
  ON CONFLICT (kind) DO UPDATE SET rows = excluded.rows, link = excluded.link, seal = excluded.seal`;

export class CutRows {
  readonly #session: WriteSession;
  readonly #seals: SealRows;

  constructor(session: WriteSession, seals: SealRows) {
    this.#session = session;
    this.#seals = seals;
  }

  async write(change: CutChange): Promise<void> {
    const { run } = this.#session;
    switch (change.kind) {
      case 'cutTrustList':
        await run(CUT_TRUST_LIST, [change.version]);
        break;
      case 'cutRefusedPayment': {
        const { id, payee, key, reason, atMs } = change;
        await run(KEEP_KEY, [payee, key, reason, atMs]);
        await run(CUT_PAYMENT, [id, payee]);
        break;
      }
      case 'cutDenyVersion':
        await run(CUT_DENY_VERSION, [change.version]);
        break;
      case 'cutDenyEntry':
        await run(CUT_DENY_ENTRY, [fromHex(change.id), change.addedIn]);
        break;
      case 'cutDenial':
        await run(CUT_DENIAL, [change.number]);
        break;
      case 'cutRecoveryCode':
        await run(CUT_RECOVERY_CODE, [change.codeHash, change.account]);
        break;
      case 'cutApproval':
        await run(CUT_APPROVAL, [change.id, change.account]);
        break;
      case 'noteCut': {
        const { cut, total } = change;
        await run(NOTE, [cut, total.rows, total.link, this.#seals.cut(cut, total)]);
        break;
      }
    }
  }
}
