/** Operators, their tokens and acts, written as the changes say. */
import type { OperatorChange } from '../../../core/access/operator-changes.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    setOperator: db.prepare(
      `INSERT INTO operator (name, role, created_at_ms) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET role = excluded.role, ended_at_ms = NULL`,
    ),
    endOperator: db.prepare('UPDATE operator SET ended_at_ms = ? WHERE name = ?'),
    addToken: db.prepare(
      'INSERT INTO operator_token (token_hash, name, made_at_ms, ends_at_ms) VALUES (?, ?, ?, ?)',
    ),
    setTokenEnd: db.prepare('UPDATE operator_token SET ends_at_ms = ? WHERE token_hash = ?'),
    addAct: db.prepare(
      `INSERT INTO act (number, at_ms, by_name, role, what, detail)
       VALUES (@number, @atMs, @by, @role, @what, @detail)`,
    ),
    addStatus: db.prepare('INSERT INTO act_status (number, status) VALUES (?, ?)'),
  };
}

export class OperatorRows {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  write(change: OperatorChange): void {
    const sql = this.#sql;
    switch (change.kind) {
      case 'setOperator':
        sql.setOperator.run(change.name, change.role, change.atMs);
        break;
      case 'endOperator':
        sql.endOperator.run(change.atMs, change.name);
        break;
      case 'addOperatorToken':
        sql.addToken.run(change.tokenHash, change.name, change.atMs, change.endsAtMs);
        break;
      case 'setOperatorTokenEnd':
        sql.setTokenEnd.run(change.endsAtMs, change.tokenHash);
        break;
      case 'addAct':
        sql.addAct.run(change.act);
        break;
      case 'addActStatus':
        sql.addStatus.run(change.number, change.status);
        break;
    }
  }
}
