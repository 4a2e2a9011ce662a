/** How a person has ended the waiting of a parked record, as it is written, once and for ever. */

/**
 * REPLAY: judged again by what is known now. ADOPT: what lay beside the log is taken as rides. ACCEPT: a pass that
 * settlement does not know it gave out counts. WRITE_OFF: nobody pays; what it would have cost is a loss.
 */
export const RESOLUTION_HOWS = ['REPLAY', 'ADOPT', 'ACCEPT', 'WRITE_OFF'] as const;
export type ResolutionHow = (typeof RESOLUTION_HOWS)[number];

/** The row of a parked record: beside its log, or in it. */
export type Subject = { kind: 'odd' | 'record'; id: number };

/** What was written off; `fareCents` null: nothing, because no ride hangs on this record alone. */
export type WrittenOff = {
  use: string | null;
  line: string | null;
  rideMs: number | null;
  ceilingCents: number | null;
  fareCents: number | null;
  /** The last fare that was set by then. */
  tariffVersion: number;
};

export type Resolution = {
  number: number;
  subject: Subject;
  how: ResolutionHow;
  /** Why the record was parked. */
  why: string;
  by: string;
  note: string;
  atMs: number;
  /** Of what was written off or accepted: issuer/account/serial/counter; null: none, or its bytes say none. */
  use: string | null;
  writtenOff: WrittenOff | null;
  /** The record that was made of what lay beside the log. */
  adoptedRecord: number | null;
};

export type ResolutionChange = { kind: 'addResolution'; resolution: Resolution };
