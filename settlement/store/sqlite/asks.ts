/**
 * What a gate says afterwards about the codes that it asked for, on SQLite: for each ask that a new
 * record touches, all its records and its payment are read, core/ask.ts decides, and what the gate did
 * not open for is given back. Running it again changes nothing.
 */
import { type AskRecordFacts, decideAsk } from '../../core/authorisation.ts';
import { reverse } from '../../core/give-back.ts';
import { gatePayee } from '../../core/payee.ts';
import type { Connection } from './connection.ts';
import type { SqliteDatabase } from './database.ts';

type Row = AskRecordFacts & { outcome: string | null };

export class Asks {
  readonly #rows;
  readonly #saveOutcome;
  readonly #database: SqliteDatabase;

  constructor({ db }: Connection, database: SqliteDatabase) {
    this.#rows = db.prepare(
      `SELECT id, kind, verdict, epoch_id AS epochId, seq, of_seq AS ofSeq, outcome,
         iif(kind = 'answer', CAST(line AS TEXT) ->> '$.fareCents', NULL) AS fareCents
       FROM record WHERE use = ? ORDER BY id`,
    );
    this.#saveOutcome = db.prepare('UPDATE record SET outcome = ? WHERE id = ?');
    this.#database = database;
  }

  /** Brings an ask to what its gate has said; returns whose money went back, or null. */
  settle(
    issuer: number,
    use: string,
    ask: { gate: string; id: string },
    nowMs: number,
  ): string | null {
    const { readers, apply } = this.#database;
    const rows = this.#rows.all(use) as Row[];
    const payee = gatePayee(ask.gate);
    const payment = readers.payments.find(payee, ask.id);
    const paid = payment?.outcome === 'PAID' ? payment : null;
    const { outcomes, isShut } = decideAsk(rows, paid);
    let account: string | null = null;
    if (isShut) {
      const payer = payment?.account ?? null;
      const money = payer === null ? null : readers.money.read(payer);
      const { changes, notice } = reverse(
        { payment, money, merchantName: null, nextPaymentId: readers.payments.nextId() },
        { issuer, payee, key: ask.id, why: 'GATE_DID_NOT_OPEN', nowMs },
      );
      apply(changes);
      if (notice.refundCents > 0) ({ account } = notice);
    }
    for (const { id, outcome } of rows) {
      const next = outcomes.get(id) ?? null;
      if (next !== outcome && next !== null) this.#saveOutcome.run(next, id);
    }
    return account;
  }
}
