/** Gates' logs and how their records have ended, as they are written. */
import type { HeldRoot, ListsStage } from '@stile/protocol/gate-log.ts';
import type { RecordContent } from './check-record.ts';
import type { ClockAnchor, RideTime } from './ride-time.ts';

/** A record as it is stored: what was received, and what it was found to say. */
export type RecordRow = {
  id: number;
  epochId: number;
  seq: number;
  batchId: number;
  bytes: Uint8Array;
  hash: Uint8Array;
  kind: RecordContent['kind'];
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
  /** Of an opened tap with a genuine code: when it was, and most that its pass stands for. */
  rideTime: RideTime | null;
  ceilingCents: number | null;
};

/**
 * Why a received record stands beside its log. JOINED: it did, and is in the log by now. ADOPTED, WRITTEN_OFF: a
 * person has decided about it.
 */
export type OddWhy = 'GAP' | 'FORK' | 'OTHER_BYTES' | 'JOINED' | 'ADOPTED' | 'WRITTEN_OFF';

export type OddRecordRow = {
  epochId: number;
  seq: number;
  batchId: number;
  bytes: Uint8Array;
  prev: Uint8Array;
  hash: Uint8Array;
  content: RecordContent;
  receivedAtMs: number;
  why: OddWhy;
};

export type LogChange =
  /**
   * `gateKeyId`: whose it is from now on; null: no key can add to it. `base`: of what was adopted, which epoch it lay
   * beside, and behind which seq and hash it begins.
   */
  | {
      kind: 'addEpoch';
      id: number;
      gate: string;
      epoch: string;
      head: Uint8Array;
      gateKeyId: number | null;
      base: { of: number; baseSeq: number } | null;
    }
  | { kind: 'moveEpoch'; id: number; lastSeq: number; head: Uint8Array; anchor: ClockAnchor | null }
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
  /** What the gate has in force, by the batch that it sealed last; null: that says nothing. */
  | {
      kind: 'noteGate';
      gate: string;
      trust: number | null;
      deny: number | null;
      tariff: number | null;
      /** When its deny list was last the latest, and how far it believes its lists. */
      denyAtS: number | null;
      stage: ListsStage | null;
      /** How far it has heard the operator's roots. */
      root: HeldRoot | null;
      atMs: number;
    }
  | { kind: 'setDisposition'; record: number; disposition: string | null }
  /** Of a record that had none. */
  | {
      kind: 'setUse';
      record: number;
      use: string;
      rideTime: RideTime | null;
      ceilingCents: number | null;
    }
  /** Of an opened tap, by what has come behind it. */
  | { kind: 'setRideTime'; record: number; rideTime: RideTime }
  /** It waits for what settlement does not know yet. */
  | { kind: 'keepUnjudged'; record: number; account: string | null; isDue: boolean }
  | { kind: 'dropUnjudged'; record: number }
  /** Those of this account, or all, are judged again. */
  | { kind: 'judgeAgain'; account: string | null };
