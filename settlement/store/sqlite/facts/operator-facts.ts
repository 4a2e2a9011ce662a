/** Operators, their tokens and acts as they are stored. */
import type {
  Operator,
  StoredOperator,
  StoredOperatorToken,
} from '../../../core/access/operator-changes.ts';
import type { OperatorFacts, OperatorToken } from '../../../core/access/operators.ts';
import type { ActView, OperatorRow } from '../../views.ts';
import type { Connection } from '../connection.ts';

const OPERATOR = 'SELECT operator.name, role, ended_at_ms AS endedAtMs';

function prepare(db: Connection['db']) {
  return {
    byName: db.prepare(`${OPERATOR} FROM operator WHERE name = ?`),
    tokens: db.prepare(
      'SELECT token_hash AS tokenHash, ends_at_ms AS endsAtMs FROM operator_token WHERE name = ?',
    ),
    byToken: db.prepare(
      `${OPERATOR}, ends_at_ms AS endsAtMs,
         (SELECT max(ends_at_ms) FROM operator_token WHERE name = operator.name) AS latestEndsAtMs
       FROM operator_token JOIN operator ON operator.name = operator_token.name
       WHERE token_hash = ?`,
    ),
    list: db.prepare(
      `${OPERATOR}, max(ends_at_ms) AS tokenEndsAtMs
       FROM operator LEFT JOIN operator_token ON operator.name = operator_token.name
       GROUP BY operator.name ORDER BY operator.name`,
    ),
    nextAct: db.prepare('SELECT coalesce(max(number), 0) + 1 FROM act').pluck(),
    acts: db.prepare(
      `SELECT act.number, at_ms AS atMs, by_name AS "by", role, what, detail, status
       FROM act LEFT JOIN act_status ON act_status.number = act.number
       WHERE act.number > ? ORDER BY act.number LIMIT ?`,
    ),
  };
}

export class OperatorReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  operator(name: string): OperatorFacts {
    const operator = this.#sql.byName.get(name) as StoredOperator | undefined;
    return {
      operator: operator ?? null,
      tokens: this.#sql.tokens.all(name) as OperatorToken[],
    };
  }

  nextAct(): number {
    return this.#sql.nextAct.get() as number;
  }

  byToken(tokenHash: string): StoredOperatorToken | undefined {
    return this.#sql.byToken.get(tokenHash) as StoredOperatorToken | undefined;
  }

  list(): OperatorRow[] {
    return this.#sql.list.all() as (Operator & OperatorRow)[];
  }

  acts({ after, limit }: { after: number; limit: number }): ActView[] {
    return this.#sql.acts.all(after, limit) as ActView[];
  }
}
