/**
 * What a gate says afterwards about the codes that it asked for, on SQLite: for each ask that a new
 * record touches, all its records and its payment are read, core/ask.ts decides, and what the gate did
 * not open for is given back. Running it again changes nothing.
 */
import { type AskRecordFacts, decideAsk } from '../../core/ask.ts';
import type { Connection } from './connection.ts';
import { gatePayee, type Payments } from './payments.ts';

type Row = AskRecordFacts & { outcome: string | null };

export class Asks {
  readonly #rows;
  readonly #saveOutcome;
  readonly #payments: Payments;

  constructor({ db }: Connection, payments: Payments) {
    this.#rows = db.prepare(
      `SELECT id, kind, verdict, epoch_id AS epochId, seq, of_seq AS ofSeq, outcome,
         iif(kind = 'answer', CAST(line AS TEXT) ->> '$.fareCents', NULL) AS fareCents
       FROM record WHERE use = ? ORDER BY id`,
    );
    this.#saveOutcome = db.prepare('UPDATE record SET outcome = ? WHERE id = ?');
    this.#payments = payments;
  }

  /** Brings an ask to what its gate has said; returns whose money went back, or null. */
  settle(
    issuer: number,
    use: string,
    ask: { gate: string; id: string },
    nowMs: number,
  ): string | null {
    const rows = this.#rows.all(use) as Row[];
    const payee = gatePayee(ask.gate);
    const payment = this.#payments.rows.find(payee, ask.id);
    const paid = payment?.outcome === 'PAID' ? payment : null;
    const { outcomes, isShut } = decideAsk(rows, paid);
    let account: string | null = null;
    if (isShut) {
      const why = 'GATE_DID_NOT_OPEN';
      const { touched } = this.#payments.reverse(issuer, payee, ask.id, why, nowMs);
      if (touched.refundCents > 0) ({ account } = touched);
    }
    for (const { id, outcome } of rows) {
      const next = outcomes.get(id) ?? null;
      if (next !== outcome && next !== null) this.#saveOutcome.run(next, id);
    }
    return account;
  }
}
