/** What follows for a wallet from what settlement says of the rider's account. Pure. */
import type { Rider, Statement, StatementItem } from '@stile/protocol/http/rider-api.ts';
import { readSignedPass } from '@stile/protocol/transit-code.ts';

/** Why gates refuse this phone's pass: the account is denied, or this pass alone. Null if none do. */
export function denialOf(
  rider: Rider,
  serial: number,
): { reason: string | null; debtCents: number } | null {
  const { debtCents, deniedReason: reason } = rider;
  const isPassDenied = rider.passes.some((pass) => pass.serial === serial && pass.denied);
  return rider.denied || isPassDenied ? { reason, debtCents } : null;
}

/** Whether the operator has revoked the key that signed this pass: gates refuse it until it is renewed. */
export function isRevoked(rider: Rider, pass: Uint8Array): boolean {
  const reading = readSignedPass(pass);
  // A view that was stored by an earlier version of this page knows of no keys.
  return reading.ok && (rider.revokedIssuerKeys ?? []).includes(reading.value.pass.issuerKeyId);
}

/** Whether settlement takes payment codes of this phone no more, by what it said last. */
export function isSeedEnded(rider: Rider, serial: number): boolean {
  // A view that was stored by an earlier version of this page says nothing of seeds.
  return rider.passes.some((pass) => pass.serial === serial && pass.hasSeed === false);
}

/** How many rides at gates that cannot ask a signed pass allows; none if it cannot be read. */
export function allowanceOf(pass: Uint8Array): number {
  const reading = readSignedPass(pass);
  return reading.ok ? reading.value.pass.allowance : 0;
}

/** How long gates take a code of that signed pass; none if it cannot be read. */
export function codeLifetimeMsOf(pass: Uint8Array): number {
  const reading = readSignedPass(pass);
  return reading.ok ? reading.value.pass.codeLifetimeS * 1000 : 0;
}

/** The latest ride that settlement knows of, as far as the statement has been read. */
export function lastRideOf({ items }: Statement): StatementItem | undefined {
  const rides = items.filter(({ kind }) => kind === 'ride');
  const whenOf = ({ riddenAtMs, chargedAtMs }: StatementItem) => riddenAtMs ?? chargedAtMs;
  return rides.toSorted((a, b) => whenOf(b) - whenOf(a))[0];
}

/** Money that came or that was spent; a ride that was taken back cost nothing. */
export function signOf({ kind, amountCents }: StatementItem): '+' | '\u2212' | '' {
  if (amountCents === 0) return '';
  return kind === 'topUp' || kind === 'refund' ? '+' : '\u2212';
}
