/** Operators, their tokens and acts, written as the changes say. */
import type { OperatorChange } from '../../../core/access/operator-changes.ts';
import type { WriteSession } from '../session.ts';

const SET_OPERATOR = `INSERT INTO operator (name, role, created_at_ms) VALUES ($1, $2, $3)
  ON CONFLICT (name) DO UPDATE SET role = excluded.role, ended_at_ms = NULL`;
const END_OPERATOR = 'UPDATE operator SET ended_at_ms = $1 WHERE name = $2';
const ADD_TOKEN = `INSERT INTO operator_token (token_hash, name, made_at_ms, ends_at_ms)
  VALUES ($1, $2, $3, $4)`;
const SET_TOKEN_END = 'UPDATE operator_token SET ends_at_ms = $1 WHERE token_hash = $2';
const ADD_ACT = `INSERT INTO act (number, at_ms, by_name, role, what, detail)
  VALUES ($1, $2, $3, $4, $5, $6)`;
const ADD_STATUS = 'INSERT INTO act_status (number, status) VALUES ($1, $2)';

export class OperatorRows {
  readonly #session: WriteSession;

  constructor(session: WriteSession) {
    this.#session = session;
  }

  async write(change: OperatorChange): Promise<void> {
    const { run } = this.#session;
    switch (change.kind) {
      case 'setOperator':
        await run(SET_OPERATOR, [change.name, change.role, change.atMs]);
        break;
      case 'endOperator':
        await run(END_OPERATOR, [change.atMs, change.name]);
        break;
      case 'addOperatorToken':
        await run(ADD_TOKEN, [change.tokenHash, change.name, change.atMs, change.endsAtMs]);
        break;
      case 'setOperatorTokenEnd':
        await run(SET_TOKEN_END, [change.endsAtMs, change.tokenHash]);
        break;
      case 'addAct': {
        const { number, atMs, by, role, what, detail } = change.act;
        await run(ADD_ACT, [number, atMs, by, role, what, detail]);
        break;
      }
      case 'addActStatus':
        await run(ADD_STATUS, [change.number, change.status]);
        break;
    }
  }
}
