/** What new rows of a gate's log are called: its slot names its epochs, and an epoch its records and batches. */
import { assert } from '@stile/protocol/fault.ts';
import { epochRange, recordId, recordRange, slotOf, slotOfEpoch } from './ids.ts';
import { lock } from './locks.ts';
import type { Session } from './session.ts';

const LAST_EPOCH = `SELECT coalesce(max(id), $1::int8) AS last FROM gate_epoch
  WHERE id > $1::int8 AND id < $2::int8`;
const LAST_BATCH = `SELECT coalesce(max(id), $1::int8) AS last FROM batch
  WHERE id > $1::int8 AND id < $2::int8`;

type LastRow = { last: number };
type Log = { id: number; lastSeq: number };

export class NextIds {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** `log` null: it is to begin. The gate is locked; gates of one slot take turns in beginning logs. */
  async ofLog(
    gate: string,
    log: Log | null,
  ): Promise<{ epoch: number; batch: number; record: number }> {
    const epoch = log?.id ?? (await this.#epoch(slotOf(gate)));
    const range = recordRange(epoch);
    const batch = log === null ? range[0] : await this.#last(LAST_BATCH, range);
    return { epoch, batch: batch + 1, record: recordId(epoch, (log?.lastSeq ?? 0) + 1) };
  }

  /** Of the same gate. */
  epochBeside(epochId: number): Promise<number> {
    return this.#epoch(slotOfEpoch(epochId));
  }

  async #epoch(slot: number): Promise<number> {
    await lock(this.#session, { turns: [`epochs:${slot}`] });
    const range = epochRange(slot);
    const next = (await this.#last(LAST_EPOCH, range)) + 1;
    assert(next < range[1], `slot ${slot} has no room for another epoch`);
    return next;
  }

  async #last(text: string, range: readonly [above: number, below: number]): Promise<number> {
    return (await this.#session.first<LastRow>(text, range))?.last ?? range[0];
  }
}
