/** Operators, their tokens and acts as they are stored. */
import type { StoredOperator, StoredOperatorToken } from '../../../core/access/operator-changes.ts';
import type { OperatorFacts, OperatorToken } from '../../../core/access/operators.ts';
import type { ActView, OperatorRow } from '../../views.ts';
import { lock } from '../locks.ts';
import type { Session } from '../session.ts';

const OPERATOR = 'SELECT operator.name, role, ended_at_ms AS "endedAtMs"';
const BY_NAME = `${OPERATOR} FROM operator WHERE name = $1`;
const LOCKED = `${BY_NAME} FOR NO KEY UPDATE`;
const TOKENS = `SELECT token_hash AS "tokenHash", ends_at_ms AS "endsAtMs" FROM operator_token
  WHERE name = $1 ORDER BY token_hash`;
const BY_TOKEN = `${OPERATOR}, ends_at_ms AS "endsAtMs",
    (SELECT max(ends_at_ms) FROM operator_token WHERE name = operator.name) AS "latestEndsAtMs"
  FROM operator_token JOIN operator ON operator.name = operator_token.name
  WHERE token_hash = $1`;
const LIST = `${OPERATOR}, max(ends_at_ms) AS "tokenEndsAtMs"
  FROM operator LEFT JOIN operator_token ON operator.name = operator_token.name
  GROUP BY operator.name, role, ended_at_ms ORDER BY operator.name`;
const NEXT_ACT = 'SELECT coalesce(max(number), 0) + 1 AS next FROM act';
const ACTS = `SELECT act.number, at_ms AS "atMs", by_name AS "by", role, what, detail, status
  FROM act LEFT JOIN act_status ON act_status.number = act.number
  WHERE act.number > $1 ORDER BY act.number LIMIT $2`;

export class OperatorReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async operator(name: string): Promise<OperatorFacts> {
    const operator = await this.#session.first<StoredOperator>(LOCKED, [name]);
    return {
      operator: operator ?? null,
      tokens: await this.#session.all<OperatorToken>(TOKENS, [name]),
    };
  }

  async nextAct(): Promise<number> {
    await lock(this.#session, { turns: ['acts'] });
    const row = await this.#session.first<{ next: number }>(NEXT_ACT);
    return row?.next ?? 1;
  }

  async byToken(tokenHash: string): Promise<StoredOperatorToken | undefined> {
    return await this.#session.first<StoredOperatorToken>(BY_TOKEN, [tokenHash]);
  }

  async list(): Promise<OperatorRow[]> {
    return await this.#session.all<OperatorRow>(LIST);
  }

  async acts({ after, limit }: { after: number; limit: number }): Promise<ActView[]> {
    return await this.#session.all<ActView>(ACTS, [after, limit]);
  }
}
