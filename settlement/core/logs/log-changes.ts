/** Gates' logs, what became of their records, and work that follows from them: what can be written. */
import type { ChargeState } from '../rides/charge.ts';
import type { Checked } from './check.ts';

/** A record as it is stored: what was received, and what it was found to say. */
export type RecordRow = {
  id: number;
  epochId: number;
  seq: number;
  batchId: number;
  bytes: Uint8Array;
  hash: Uint8Array;
  kind: Checked['kind'];
  verdict: 'open' | 'refuse' | null;
  gateReason: string | null;
  atMs: number;
  clock: string | null;
  line: string | null;
  ofSeq: number | null;
  use: string | null;
  ruling: string;
  reason: string | null;
  receivedAtMs: number;
  disposition: string | null;
};

/** Why a received record stands beside its log. JOINED: it did, and is in the log by now. */
export type OddWhy = 'GAP' | 'FORK' | 'OTHER_BYTES' | 'JOINED';

export type OddRecordRow = {
  epochId: number;
  seq: number;
  batchId: number;
  bytes: Uint8Array;
  prev: Uint8Array;
  hash: Uint8Array;
  checked: Checked;
  receivedAtMs: number;
  why: OddWhy;
};

export type LogChange =
  | { kind: 'addEpoch'; id: number; gate: string; epoch: string; head: Uint8Array }
  | { kind: 'moveEpoch'; id: number; lastSeq: number; head: Uint8Array }
  | {
      kind: 'addBatch';
      id: number;
      epochId: number;
      headerBytes: Uint8Array;
      sealBytes: Uint8Array;
      gateKeyId: number;
      receivedAtMs: number;
    }
  | { kind: 'addRecord'; record: RecordRow }
  | { kind: 'addOddRecord'; record: OddRecordRow }
  | { kind: 'setOddWhy'; id: number; why: OddWhy }
  /** What the gate had in force at its latest tap; null: no tap says. */
  | {
      kind: 'noteGate';
      gate: string;
      trust: number | null;
      deny: number | null;
      tariff: number | null;
      atMs: number;
    }
  | { kind: 'setDisposition'; record: number; disposition: string };

/** A charge as it now stands. */
export type ChargeRow = {
  use: string;
  account: string;
  rev: number;
  record: number;
  line: string;
  fareCents: number;
  owedCents: number;
  state: ChargeState;
  reason: string | null;
  riddenAtMs: number;
  recordedAtMs: number;
};

export type ChargeRowChange = { kind: 'saveCharge'; charge: ChargeRow };

/** What is still to do: uses to settle, records to join, rides to price again. */
export type Work = {
  id: number;
  kind: 'settle' | 'reprice' | 'join';
  /** Records up to this one are done, of those up to `until`. */
  cursor: number;
  until: number;
  /** The epoch to join, or the line and instant to price again; empty for settle. */
  subject: string;
  attempts: number;
};

export type WorkChange =
  | { kind: 'addWork'; work: Omit<Work, 'id' | 'attempts'>; atMs: number }
  | { kind: 'moveWork'; id: number; cursor: number }
  | { kind: 'finishWork'; id: number }
  /** `failed`: why it waits for a person; null: it is tried again. */
  | { kind: 'failWork'; id: number; attempts: number; failed: string | null };
