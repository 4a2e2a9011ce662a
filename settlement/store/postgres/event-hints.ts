/**
 * The word to every process on this database that somebody has something to hear: names only, gathered for a moment and
 * sent behind the commits, never in them. It is a hint: what is to be heard are rows (sharing/event-rows.ts).
 */
import type { Clock } from '@stile/host/clock.ts';
import { describeError } from '@stile/protocol/fault.ts';
import pg from 'pg';
import type { Logger } from 'pino';

const CHANNEL = 'stile_events';
/** What is said within so long is said at once. */
const GATHER_MS = 50;
/** Of one notification, as the server takes it. */
const PAYLOAD_BYTES_MAX = 7_900;
/** Pause before the next try after the connection broke. */
const RETRY_MS = 1_000;
/** Names that wait while the server is away; beyond that everybody looks by themselves. */
const WAITING_MAX = 10_000;

/** `everybody`: words may have been lost. */
export type OnHint = (subjects: readonly string[] | 'everybody') => void;

export type EventHintParts = { url: string; onHint: OnHint; clock: Clock; log: Logger };

export type EventHints = { say(subjects: readonly string[]): void; close(): Promise<void> };

export async function openEventHints(parts: EventHintParts): Promise<EventHints> {
  const { url, onHint, clock, log } = parts;
  const waiting = new Set<string>();
  let client: pg.Client | null = null;
  let isClosed = false;
  let cancelSay: (() => void) | null = null;
  let cancelRetry: () => void = () => undefined;

  async function connect(): Promise<void> {
    const next = new pg.Client({ connectionString: url, application_name: 'stile events' });
    const lose = (why: unknown) => {
      if (client !== next && client !== null) return;
      client = null;
      void next.end().catch(() => undefined);
      if (!isClosed) retry(why);
    };
    next.on('error', lose);
    next.on('end', () => lose('it has ended'));
    next.on('notification', ({ payload }) => onHint(readSubjects(payload)));
    try {
      await next.connect();
      await next.query(`LISTEN ${CHANNEL}`);
      client = next;
      onHint('everybody');
    } catch (error) {
      lose(error);
    }
  }

  let isRetrying = false;
  function retry(why: unknown): void {
    if (isRetrying) return;
    isRetrying = true;
    log.warn(
      { why: describeError(why) },
      'no word of events from other processes: they are looked for',
    );
    cancelRetry = clock.alarm(clock.now().monoMs + RETRY_MS, () => {
      isRetrying = false;
      if (!isClosed) void connect();
    });
  }

  async function send(): Promise<void> {
    if (client === null) return;
    const names = [...waiting];
    waiting.clear();
    for (const payload of payloadsOf(names)) {
      await client.query('SELECT pg_notify($1, $2)', [CHANNEL, payload]);
    }
  }

  await connect();
  return {
    say(subjects) {
      for (const subject of subjects) if (waiting.size < WAITING_MAX) waiting.add(subject);
      cancelSay ??= clock.alarm(clock.now().monoMs + GATHER_MS, () => {
        cancelSay = null;
        // Lost words are looked for by those who listen.
        void send().catch(() => undefined);
      });
    },
    async close() {
      isClosed = true;
      cancelSay?.();
      cancelRetry();
      await send().catch(() => undefined);
      await client?.end().catch(() => undefined);
    },
  };
}

/** As many names in each as fit. */
export function payloadsOf(subjects: readonly string[]): string[] {
  const payloads: string[] = [];
  let names: string[] = [];
  let bytes = 2;
  for (const subject of subjects) {
    const more = Buffer.byteLength(JSON.stringify(subject)) + 1;
    if (bytes + more > PAYLOAD_BYTES_MAX) {
      payloads.push(JSON.stringify(names));
      [names, bytes] = [[], 2];
    }
    names.push(subject);
    bytes += more;
  }
  return names.length === 0 ? payloads : [...payloads, JSON.stringify(names)];
}

function readSubjects(payload: string | undefined): readonly string[] | 'everybody' {
  try {
    const names: unknown = JSON.parse(payload ?? '');
    if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  } catch {
    // Somebody else's word on our channel.
  }
  return 'everybody';
}
