/** Charges and the states that they walk through, as they are written. States are added, never overwritten. */
import type { ChargeState } from './charge.ts';

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

export type ChargeEvent = {
  use: string;
  rev: number;
  state: ChargeState;
  fareCents: number;
  owedCents: number;
  record: number;
  reason: string | null;
  riddenAtMs: number;
};

export type ChargeRowChange =
  | { kind: 'saveCharge'; charge: ChargeRow }
  | { kind: 'setOwed'; use: string; owedCents: number; state: ChargeState }
  | { kind: 'addChargeEvent'; event: ChargeEvent; recordedAtMs: number };
