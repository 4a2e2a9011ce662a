/**
 * A scanner that types: its keys come faster than any person's and end with Enter. Pure: each key brings
 * its time; what was a burst of enough digits is a scan, everything else is somebody typing.
 */

/** People do not press keys this fast one after another; scanners do. */
export const BURST_GAP_MS_MAX = 60;
/** Fewer than this is not a code, however fast it came. */
const CHARS_MIN = 10;
const CHARS_MAX = 400;

export type Burst = { text: string; lastMs: number };
export const NO_BURST: Burst = { text: '', lastMs: Number.NEGATIVE_INFINITY };

export type WedgeStep = { burst: Burst; scan: string | null };

export function pressWedge(burst: Burst, { key, atMs }: { key: string; atMs: number }): WedgeStep {
  const isFast = atMs - burst.lastMs <= BURST_GAP_MS_MAX;
  if (key === 'Enter') {
    const isScan = isFast && burst.text.length >= CHARS_MIN;
    return { burst: NO_BURST, scan: isScan ? burst.text : null };
  }
  if (key.length !== 1) return { burst: isFast ? burst : NO_BURST, scan: null };
  const text = isFast ? (burst.text + key).slice(0, CHARS_MAX) : key;
  return { burst: { text, lastMs: atMs }, scan: null };
}
