/**
 * What a parked record would have cost, as a loss: the fare by the usual rule, and nothing if its ride is claimed by
 * another record, was written off before, or did not happen. Settlement and audit both compute it here.
 */
import type { LineFare } from '@stile/protocol/trust-list.ts';
import type { DatedTransfer } from '../changes.ts';
import { LOSS, revenueOf } from '../money/ledger.ts';
import { fareOfTap, type GateLine } from '../rides/tariff.ts';
import { claimedRideOf, type ParkedRecord, rideMsOf } from './parked-record.ts';
import type { WrittenOff } from './resolution-changes.ts';

export type WriteOffFacts = {
  /** Another record of a log claims the use, or a resolution has written it off. */
  isClaimed: boolean;
  gateLines: readonly GateLine[];
  lineFares: readonly LineFare[];
  tariffVersion: number;
};

type WriteOffOf = Pick<
  ParkedRecord,
  'seq' | 'bytes' | 'hash' | 'rideMs' | 'ceilingCents' | 'receivedAtMs' | 'isVoided'
>;

export function writeOff(
  record: WriteOffOf,
  { isClaimed, gateLines, lineFares, tariffVersion }: WriteOffFacts,
): WrittenOff {
  const ride = claimedRideOf(record);
  if (ride === null) {
    const nothing = { use: null, line: null, rideMs: null, ceilingCents: null, fareCents: null };
    return { ...nothing, tariffVersion };
  }
  const { use, line, clock } = ride;
  const { ceilingCents } = record;
  const rideMs = rideMsOf(ride, record);
  const tap = { line, clock, atMs: rideMs, ceilingCents };
  const fareCents = fareOfTap(tap, { gateLines, lineFares }) ?? 0;
  const isNothing = isClaimed || record.isVoided;
  return {
    use,
    line,
    rideMs,
    ceilingCents,
    fareCents: isNothing ? null : fareCents,
    tariffVersion,
  };
}

/** The loss in the ledger; null if nothing was lost. */
export function lossOf(
  number: number,
  { line, rideMs, fareCents }: WrittenOff,
): DatedTransfer | null {
  if (line === null || rideMs === null || fareCents === null || fareCents === 0) return null;
  return {
    id: `writeOff:${number}:loss`,
    debit: LOSS,
    credit: revenueOf(line),
    amountCents: fareCents,
    code: 'WRITE_OFF',
    happenedAtMs: rideMs,
  };
}
