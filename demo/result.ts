/** What the demo has seen beside what had to be: play.ts collects it, tables.ts shows and judges it. */
import type { Losses } from './scale.ts';
import type { Sale } from './shop.ts';

export type Tap = {
  who: string;
  what: string;
  expected: string;
  actual: string;
  seq: number;
  /** What settlement made of it: CHARGED, PAID or WRITTEN_OFF for what was opened, nothing for what was refused. */
  disposition: string;
  expectedDisposition: string;
};
export type Money = {
  name: string;
  rides: number;
  topUpCents: number;
  shopCents: number;
  balanceCents: number;
  debtCents: number;
  denied: boolean;
  expected: { balanceCents: number; debtCents: number; denied: boolean };
};
export type Check = { name: string; ok: boolean; detail: string };
export type Result = {
  taps: Tap[];
  sales: Sale[];
  money: Money[];
  ledger: Check[];
  gateLog: Check[];
  openings: { expected: number; actual: number };
  /** For who plays on with `--keep`. */
  merchantToken: string;
  revenue: { expectedCents: number; actualCents: number };
  /** `left`: what still waits for a person. */
  writtenOff: { expectedCents: number; actualCents: number; left: number };
  takings: { expectedCents: number; actualCents: number };
  /** Null: nothing was lost. `fares`: rides beside what the riders' statements show, a row of theirs once. */
  losses: (Losses & { fares: { expected: number; actual: number } }) | null;
};
