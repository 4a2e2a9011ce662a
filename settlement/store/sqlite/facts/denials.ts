/** Denials that stand: of an account or one of its passes, and of an id by its cause. */
import { denyId } from '@stile/protocol/deny-list.ts';
import type { DenialFacts } from '../../../core/lists/denial.ts';
import type { DeniedBy } from '../../../core/lists/deny.ts';
import type { PassOf } from '../../port.ts';
import type { Connection } from '../connection.ts';

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
    return { isDeniedByOperator: this.#sql.byOperator.get(id) !== undefined };
  }
}
