/** Denials that stand: of an account or one of its passes, and of an id by its cause. */
import { toHex } from '@stile/protocol/bytes.ts';
import { denyId } from '@stile/protocol/deny-list.ts';
import type { AccountCode } from '../../../core/access/recovery-codes.ts';
import type { DenialFacts } from '../../../core/lists/denial.ts';
import type { DeniedBy } from '../../../core/lists/deny.ts';
import type { PassOf } from '../../port.ts';
import type { Connection } from '../connection.ts';
import { OPEN_CODES } from './recovery-facts.ts';

function prepare(db: Connection['db']) {
  return {
    ofPass: db.prepare(
      `SELECT cause, note FROM denial WHERE id IN (?, ?) AND lifted_at_ms IS NULL ORDER BY number`,
    ),
    ofId: db.prepare(
      `SELECT cause, note FROM denial WHERE id = ? AND lifted_at_ms IS NULL ORDER BY number`,
    ),
    byOperator: db
      .prepare(`SELECT 1 FROM denial WHERE id = ? AND cause = 'OPERATOR' AND lifted_at_ms IS NULL`)
      .pluck(),
    codes: db.prepare(OPEN_CODES),
  };
}

export class DenialReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  /** Of the account as a whole if `serial` is 0. */
  read(issuer: number, { account, serial }: PassOf): DeniedBy[] {
    const ids = [denyId({ issuer, account, serial: 0 }), denyId({ issuer, account, serial })];
    return this.#sql.ofPass.all(ids) as DeniedBy[];
  }

  readOfId(id: Uint8Array): DeniedBy[] {
    return this.#sql.ofId.all(id) as DeniedBy[];
  }

  denial(id: Uint8Array): DenialFacts {
    return {
      isDeniedByOperator: this.isDeniedByOperator(id),
      codes: this.#sql.codes.all(accountOf(id)) as AccountCode[],
    };
  }

  /** By the operator, and this very phone; null is none. */
  isDeniedPhone(of: { issuer: number; account: string; drawnBy: number | null }): boolean {
    const { issuer, account, drawnBy: serial } = of;
    return serial !== null && this.isDeniedByOperator(denyId({ issuer, account, serial }));
  }

  isDeniedByOperator(id: Uint8Array): boolean {
    return this.#sql.byOperator.get(id) !== undefined;
  }
}

/** The account that an id of the deny list names (protocol/README.md §5). */
function accountOf(id: Uint8Array): string {
  return toHex(id.subarray(2, 10));
}
