/** Gates' logs as a whole, written as the changes say: where they end, their batches, what gates say of their lists. */
import type { LogChange } from '../../../core/logs/log-changes.ts';
import { slotOfEpoch, slotOfRecord } from '../ids.ts';
import type { SealRows } from '../seals.ts';
import type { WriteSession } from '../session.ts';

const ADD_EPOCH = `INSERT INTO gate_epoch (id, slot, gate, epoch, last_seq, head, gate_key_id, branch_of,
    base_seq, base_hash, seal)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`;
const NAMES = 'SELECT gate, epoch FROM gate_epoch WHERE id = $1 AND slot = $2';
const MOVE_EPOCH = `UPDATE gate_epoch SET last_seq = $1, head = $2, clock_anchor = $3, seal = $4
  WHERE id = $5 AND slot = $6`;
const ADD_BATCH = `INSERT INTO batch (id, slot, epoch_id, header_line, seal_line, gate_key_id,
    received_at_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`;
const SET_WHY = 'UPDATE odd_line SET why = $1 WHERE id = $2 AND slot = $3';
const NOTE_GATE = `UPDATE gate SET last_sync_ms = $1, trust_seen = coalesce($2, trust_seen),
    deny_seen = coalesce($3, deny_seen), tariff_seen = coalesce($4, tariff_seen),
    deny_at_s = coalesce($5, deny_at_s), lists_stage = coalesce($6, lists_stage),
    root_generation = coalesce($8, root_generation), root_number = coalesce($9, root_number),
    root_floor = coalesce($10, root_floor)
  WHERE gate = $7`;
const SET_USE = `UPDATE record SET use = $1, ride_ms = coalesce($2, ride_ms),
    ride_ms_source = coalesce($3, ride_ms_source), stale = coalesce($4, stale),
    ceiling_cents = coalesce($5, ceiling_cents)
  WHERE id = $6 AND slot = $7 AND use IS NULL`;
const DROP_UNJUDGED = 'DELETE FROM unjudged WHERE record = $1 AND slot = $2';
const JUDGE_AGAIN = 'UPDATE unjudged SET due = 1 WHERE account = $1 AND due = 0';
const JUDGE_ALL_AGAIN = 'UPDATE unjudged SET due = 1 WHERE due = 0';

type Of<Kind extends LogChange['kind']> = Extract<LogChange, { kind: Kind }>;

type LogRowChange = Of<
  | 'addEpoch'
  | 'moveEpoch'
  | 'addBatch'
  | 'setOddWhy'
  | 'noteGate'
  | 'setUse'
  | 'dropUnjudged'
  | 'judgeAgain'
>;

export class LogRows {
  readonly #session: WriteSession;
  readonly #seals: SealRows;

  constructor(session: WriteSession, seals: SealRows) {
    this.#session = session;
    this.#seals = seals;
  }

  async write(change: LogRowChange): Promise<void> {
    switch (change.kind) {
      case 'addEpoch':
        return await this.#addEpoch(change);
      case 'moveEpoch':
        return await this.#moveEpoch(change);
      case 'addBatch':
        return await this.#addBatch(change);
      case 'setOddWhy': {
        const { why, id } = change;
        await this.#session.run(SET_WHY, [why, id, slotOfRecord(id)]);
        return;
      }
      case 'noteGate':
        return await this.#noteGate(change);
      case 'setUse':
        return await this.#setUse(change);
      case 'dropUnjudged':
        await this.#session.run(DROP_UNJUDGED, [change.record, slotOfRecord(change.record)]);
        return;
      case 'judgeAgain':
        if (change.account === null) await this.#session.run(JUDGE_ALL_AGAIN);
        else await this.#session.run(JUDGE_AGAIN, [change.account]);
        return;
    }
  }

  /** What was adopted begins where its first record does. */
  async #addEpoch({ id, gate, epoch, head, gateKeyId, base }: Of<'addEpoch'>): Promise<void> {
    const lastSeq = base?.baseSeq ?? 0;
    const seal = this.#seals.epoch({ id, gate, epoch, lastSeq, head });
    const from = [base?.of ?? null, base?.baseSeq ?? null, base === null ? null : head];
    const row = [id, slotOfEpoch(id), gate, epoch, lastSeq, head, gateKeyId, ...from, seal];
    await this.#session.run(ADD_EPOCH, row);
  }

  async #moveEpoch({ id, lastSeq, head, anchor }: Of<'moveEpoch'>): Promise<void> {
    const slot = slotOfEpoch(id);
    type Names = { gate: string; epoch: string };
    const { gate = '', epoch = '' } = (await this.#session.first<Names>(NAMES, [id, slot])) ?? {};
    const seal = this.#seals.epoch({ id, gate, epoch, lastSeq, head });
    const stored = anchor === null ? null : JSON.stringify(anchor);
    await this.#session.run(MOVE_EPOCH, [lastSeq, head, stored, seal, id, slot]);
  }

  async #addBatch(change: Of<'addBatch'>): Promise<void> {
    const { id, epochId, headerBytes, sealBytes, gateKeyId, receivedAtMs } = change;
    const row = [id, slotOfRecord(id), epochId, headerBytes, sealBytes, gateKeyId, receivedAtMs];
    await this.#session.run(ADD_BATCH, row);
  }

  async #noteGate(change: Of<'noteGate'>): Promise<void> {
    const { atMs, trust, deny, tariff, denyAtS, stage, gate } = change;
    const { generation = null, number = null, floor = null } = change.root ?? {};
    const lists = [atMs, trust, deny, tariff, denyAtS, stage, gate];
    await this.#session.run(NOTE_GATE, [...lists, generation, number, floor]);
  }

  async #setUse({ record, use, rideTime, ceilingCents }: Of<'setUse'>): Promise<void> {
    const stale = rideTime === null ? null : Number(rideTime.isStale);
    const time = [rideTime?.atMs ?? null, rideTime?.source ?? null, stale];
    const row = [use, ...time, ceilingCents, record, slotOfRecord(record)];
    await this.#session.run(SET_USE, row);
  }
}
