/**
 * When a top-up that has no word yet is asked about again, by itself: at growing pauses, for as long as nobody knows.
 * An intent whose process died before the provider answered is one of them.
 */

/** The rider's own request is asking meanwhile. */
export const FIRST_INQUIRY_MS = 60_000;
const PAUSE_MS_MIN = 15_000;
/** An inquiry further ahead than this was put off by a clock that has been set since. */
export const INQUIRY_PAUSE_MS_MAX = 6 * 3_600_000;
/** Money of which nothing is known for so long is a person's concern. */
const ALARM_AFTER_MS = 3_600_000;

/** A top-up that is to be asked about. */
export type OpenTopUp = { account: string; key: string; amountCents: number; begunAtMs: number };

/** `attempts`: how often it was asked about without a word. */
export function nextInquiryMs(attempts: number, nowMs: number): number {
  const pauseMs = PAUSE_MS_MIN * 2 ** Math.min(Math.max(0, attempts - 1), 20);
  return nowMs + Math.min(INQUIRY_PAUSE_MS_MAX, pauseMs);
}

export function isTopUpAlarming(
  { begunAtMs }: Pick<OpenTopUp, 'begunAtMs'>,
  nowMs: number,
): boolean {
  return nowMs - begunAtMs >= ALARM_AFTER_MS;
}
