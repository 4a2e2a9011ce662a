/** Where read codes go: the feed of the virtual scanner, whose address stands behind the # of this page. */
import { alarmIn, type Clock } from '../parts/clock.ts';

/** Only a feed of this machine: a page must not be talked into sending codes elsewhere. */
const FEED = /^#feed=(http:\/\/(?:127\.0\.0\.1|localhost):\d{1,5}\/[\w-]{16,64})$/;
const TIMEOUT_MS = 5_000;

export type Sent = 'PLAYED' | 'NO_FEED' | 'REFUSED' | 'UNREACHABLE';

type Play = { text: string; clock: Clock };

export function feedOf(hash: string): string | null {
  return FEED.exec(hash)?.[1] ?? null;
}

export async function play(feed: string | null, { text, clock }: Play): Promise<Sent> {
  if (feed === null) return 'NO_FEED';
  const timeout = new AbortController();
  const cancel = alarmIn(clock, { ms: TIMEOUT_MS, fire: () => timeout.abort() });
  try {
    // One character a byte, as scanners send them.
    const body = Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff);
    const headers = { 'content-type': 'text/plain' };
    const response = await fetch(feed, { method: 'POST', body, headers, signal: timeout.signal });
    return response.ok ? 'PLAYED' : 'REFUSED';
  } catch {
    // The virtual scanner has ended, or was never started.
    return 'UNREACHABLE';
  } finally {
    cancel();
  }
}

/** What kind of code a text is; never the text, which would let who looks over a shoulder ride. */
export function kindOf(
  text: string,
): 'transit code' | 'payment code' | 'online code' | 'other text' {
  if (text.startsWith('TC1:')) return 'transit code';
  if (/^71\d{16}$/.test(text)) return 'payment code';
  return /^72\d{16}$/.test(text) ? 'online code' : 'other text';
}
