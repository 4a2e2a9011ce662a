/**
 * What rows of gates are called in PostgreSQL (store/postgres/ids.ts) instead of by their number in the file. It follows
 * from the file alone, so that a move that is gone on with gives the same names.
 */
import { assert, Fault } from '@stile/protocol/fault.ts';
import {
  epochRange,
  RECORDS_OF_EPOCH,
  recordId,
  recordRange,
  slotOf,
} from '../store/postgres/ids.ts';
import type { Connection } from '../store/sqlite/connection.ts';

export type NewIds = {
  epoch(id: number): number;
  gateKey(id: number): number;
  /** Of a record, by its epoch in the file. */
  record(epoch: number, seq: number): number;
  /** Of a batch or a record beside the log: within its epoch the number that it has in the file. */
  inEpoch(epoch: number, id: number): number;
};

const EPOCHS = 'SELECT id, gate FROM gate_epoch ORDER BY id';
const GATE_KEYS = 'SELECT id, gate FROM gate_key ORDER BY id';

export function readNewIds({ db }: Connection): NewIds {
  const epochs = inSlots(db.prepare(EPOCHS).all() as Named[]);
  const gateKeys = inSlots(db.prepare(GATE_KEYS).all() as Named[]);
  const epoch = (id: number) => newOf(epochs, id);
  return {
    epoch,
    gateKey: (id) => newOf(gateKeys, id),
    record: (of, seq) => recordId(epoch(of), seq),
    inEpoch: (of, id) => {
      if (id < RECORDS_OF_EPOCH) return recordRange(epoch(of))[0] + id;
      throw new Fault('STORE_CORRUPT', `the file has more batches than can be moved: ${id}`);
    },
  };
}

type Named = { id: number; gate: string };

/** Counted within the slot of their gate, in their order. */
function inSlots(rows: readonly Named[]): Map<number, number> {
  const last = new Map<number, number>();
  return new Map(
    rows.map(({ id, gate }) => {
      const slot = slotOf(gate);
      const [above] = epochRange(slot);
      const next = (last.get(slot) ?? above) + 1;
      last.set(slot, next);
      return [id, next];
    }),
  );
}

function newOf(names: ReadonlyMap<number, number>, id: number): number {
  const found = names.get(id);
  assert(found !== undefined, `the file has a row ${id}`);
  return found;
}
