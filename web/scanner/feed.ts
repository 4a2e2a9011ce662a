/** Where read codes go: the feed of the virtual scanner, whose address stands behind the # of this page. */
import { alarmIn, type Clock } from '../parts/clock.ts';

/** Only a feed of this machine: a page must not be talked into sending codes elsewhere. */
const FEED = /^#feed=(http:\/\/(?:127\.0\.0\.1|localhost):\d{1,5}\/[\w-]{16,64})$/;
/** The feed answers when the gate has: it may have to ask settlement first. */
const TIMEOUT_MS = 20_000;

export type Sent = 'PLAYED' | 'NO_FEED' | 'REFUSED' | 'UNREACHABLE';

/** What the gate has said of a code (hardware/README.md §5). */
export type Heard = {
  verdict: 'open' | 'refuse' | 'repeat';
  reason: string | null;
  words: readonly [string, string];
  openMs: number;
};

/** `heard` null: the gate says nothing, or nobody listens to it. */
export type Played = { sent: Sent; heard: Heard | null };

type Play = { text: string; clock: Clock };

export function feedOf(hash: string): string | null {
  return FEED.exec(hash)?.[1] ?? null;
}

export async function play(feed: string | null, { text, clock }: Play): Promise<Played> {
  if (feed === null) return { sent: 'NO_FEED', heard: null };
  const timeout = new AbortController();
  const cancel = alarmIn(clock, { ms: TIMEOUT_MS, fire: () => timeout.abort() });
  try {
    // One character a byte, as scanners send them.
    const body = Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff);
    const headers = { 'content-type': 'text/plain' };
    const response = await fetch(feed, { method: 'POST', body, headers, signal: timeout.signal });
    if (!response.ok) return { sent: 'REFUSED', heard: null };
    return {
      sent: 'PLAYED',
      heard: response.status === 200 ? readHeard(await response.json()) : null,
    };
  } catch {
    // The virtual scanner has ended, or was never started.
    return { sent: 'UNREACHABLE', heard: null };
  } finally {
    cancel();
  }
}

function readHeard(value: unknown): Heard | null {
  const { verdict, reason, words, openMs } = Object(value) as Record<string, unknown>;
  const known = (['open', 'refuse', 'repeat'] as const).find((one) => one === verdict);
  const [first, second] = Array.isArray(words) ? (words as unknown[]) : [];
  if (known === undefined) return null;
  return {
    verdict: known,
    reason: typeof reason === 'string' ? reason : null,
    words: [String(first ?? ''), String(second ?? '')],
    openMs: typeof openMs === 'number' ? openMs : 0,
  };
}

/** What kind of code a text is; never the text, which would let who looks over a shoulder ride. */
export function kindOf(
  text: string,
): 'transit code' | 'payment code' | 'online code' | 'other text' {
  if (text.startsWith('TC1:')) return 'transit code';
  if (/^71\d{18}$/.test(text)) return 'payment code';
  return /^72\d{18}$/.test(text) ? 'online code' : 'other text';
}
