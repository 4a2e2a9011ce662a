/**
 * Server-sent events read with fetch, because EventSource cannot send a credential and an address is no
 * place for one (docs/decisions/0015). After a break it connects again by itself and hears what it has missed; whoever
 * listens reads the state again as well, because what is long ago is not repeated.
 */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { z } from 'zod';
import { alarmIn, pause } from './clock.ts';
import type { Net } from './net.ts';

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;
/** Settlement sends a heartbeat every 15 s; a stream that is silent for longer is dead. */
const SILENCE_MS_MAX = 45_000;

export type ListenOptions<T> = {
  path: string;
  token: string;
  schema: z.ZodType<T>;
  onEvent: (event: T) => void;
  /** Called at each connection and each break; on `open` read the state again. */
  onState?: (state: 'open' | 'broken' | 'refused') => void;
  signal: AbortSignal;
};

/** Listens until the signal aborts or the credential is refused. Never throws. */
export async function listen<T>(net: Net, options: ListenOptions<T>): Promise<void> {
  const { onState, signal } = options;
  let waitMs = RETRY_MS_MIN;
  const heard: Heard = { id: null };
  while (!signal.aborted) {
    const ended = await readStream(net, { ...options, heard });
    if (signal.aborted) return;
    onState?.(ended === 'refused' ? 'refused' : 'broken');
    if (ended === 'refused') return;
    waitMs = ended === 'closed' ? RETRY_MS_MIN : Math.min(RETRY_MS_MAX, waitMs * 2);
    await pause(net.clock, { ms: waitMs, signal });
  }
}

/** Of the last event. */
type Heard = { id: string | null };

async function readStream<T>(
  { fetch, clock }: Net,
  { path, token, schema, onEvent, onState, signal, heard }: ListenOptions<T> & { heard: Heard },
): Promise<'closed' | 'failed' | 'refused'> {
  const silence = new AbortController();
  const watch = () => alarmIn(clock, { ms: SILENCE_MS_MAX, fire: () => silence.abort() });
  let cancel = watch();
  try {
    const response = await fetch(path, {
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'text/event-stream',
        ...(heard.id !== null && { 'last-event-id': heard.id }),
      },
      cache: 'no-store',
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status === 401) return 'refused';
    if (!response.ok || response.body === null) return 'failed';
    const alive = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        cancel();
        cancel = watch();
        controller.enqueue(chunk);
      },
    });
    const events = response.body
      .pipeThrough(alive)
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new EventSourceParserStream());
    const reader = events.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return 'closed';
      heard.id = value.id ?? heard.id;
      if (value.event === 'OPEN') onState?.('open');
      const event = readEvent(schema, value.data);
      if (event !== undefined) onEvent(event);
    }
  } catch {
    // A broken connection looks like anything; it is made again, and the state read again.
    return 'failed';
  } finally {
    cancel();
  }
}

function readEvent<T>(schema: z.ZodType<T>, data: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(data)).data;
  } catch {
    // Not JSON is not an event of ours.
    return undefined;
  }
}
