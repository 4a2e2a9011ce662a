/**
 * How wrong the gate's clock is, by a time that settlement has signed for one request: the signature was made at some
 * moment of the exchange, so the error is known as exactly as the exchange was short. Pure.
 */

/** Wall clock less true time: positive is ahead. Both ends are possible. */
export type ClockError = { minMs: number; maxMs: number };

/** Below this a clock that was said to be wrong by so much is not said to be wrong anew. */
const TOLD_MS = 1_000;

/** `wallMs`: when the response was there; `roundTripMs`: how long it took, by a clock that nobody sets. */
export function clockErrorOf({
  wallMs,
  signedMs,
  roundTripMs,
}: {
  wallMs: number;
  signedMs: number;
  roundTripMs: number;
}): ClockError {
  const maxMs = Math.ceil(wallMs - signedMs);
  return { minMs: Math.floor(maxMs - Math.max(0, roundTripMs)), maxMs };
}

/** Whether this is worth a line of the log: the first, or one that cannot be the same error as before. */
export function isNews(before: ClockError | null, now: ClockError): boolean {
  if (before === null) return true;
  return now.minMs > before.maxMs + TOLD_MS || now.maxMs < before.minMs - TOLD_MS;
}
