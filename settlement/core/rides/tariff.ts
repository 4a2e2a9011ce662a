/**
 * Which fare belongs to a tap, and what of all fares ever set is worth publishing. A fare has a date
 * from which it is in force; one from the future is not applied, and no fare is not a fare of zero.
 */
import type { GateRecord } from '@stile/protocol/gate-log.ts';
import { findFareCents, LINE_FARES_MAX, type LineFare } from '@stile/protocol/trust-list.ts';

export type ClockQuality = GateRecord['clock'];

/** A transit line and the instant from which a gate stands there. */
export type GateLine = { line: string; fromMs: number };

/** `ceilingCents`: most that the pass stands for, which is a ceiling whatever the fare was set to. */
export type TapFacts = {
  line: string;
  atMs: number;
  clock: ClockQuality;
  ceilingCents?: number | null;
};

/**
 * The fare of a tap, or undefined: the line has no fare in force then, or it is not the line at which
 * the gate stood. A gate that did not know the time may name any line where it ever stood.
 */
export function fareOfTap(
  tap: TapFacts,
  facts: { gateLines: readonly GateLine[]; lineFares: readonly LineFare[] },
): number | undefined {
  if (!stoodAt(tap, facts.gateLines)) return undefined;
  const tariff = { version: 1, lines: [...facts.lineFares] };
  const fareCents = findFareCents(tariff, { line: tap.line, atS: Math.floor(tap.atMs / 1000) });
  if (fareCents === undefined) return undefined;
  return Math.min(fareCents, tap.ceilingCents ?? fareCents);
}

function stoodAt(tap: TapFacts, gateLines: readonly GateLine[]): boolean {
  if (tap.clock === 'UNKNOWN') return gateLines.some(({ line }) => line === tap.line);
  let inForce: GateLine | undefined;
  for (const gateLine of gateLines) {
    if (gateLine.fromMs > tap.atMs) continue;
    if (inForce === undefined || gateLine.fromMs >= inForce.fromMs) inForce = gateLine;
  }
  return inForce?.line === tap.line;
}

/**
 * The fares that a gate can still need: of each line the one in force and those to come, in the order
 * in which they were set. History stays here; a list that carried it would outgrow its limit.
 */
export function publishableFares(all: readonly LineFare[], nowS: number): LineFare[] {
  const wanted = new Set<LineFare>();
  const inForce = new Map<string, LineFare>();
  const coming = new Map<string, LineFare>();
  for (const entry of all) {
    if (entry.fromS > nowS) {
      coming.set(`${entry.line}@${entry.fromS}`, entry);
      continue;
    }
    const best = inForce.get(entry.line);
    if (best === undefined || entry.fromS >= best.fromS) inForce.set(entry.line, entry);
  }
  for (const entry of [...inForce.values(), ...coming.values()]) wanted.add(entry);
  return all.filter((entry) => wanted.has(entry));
}

/** Whether a list has room for one more fare: what it cannot carry would be dropped at every gate. */
export function hasRoomFor(
  fare: LineFare,
  { tariff, nowS }: { tariff: readonly LineFare[]; nowS: number },
): boolean {
  const carried = publishableFares([...tariff, fare], nowS).length;
  return carried <= LINE_FARES_MAX || carried <= publishableFares(tariff, nowS).length;
}
