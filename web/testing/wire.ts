/**
 * A page's `fetch` onto a settlement in the same process, which a test can cut, or make lose a response on
 * its way back. Streams of events are the test's own: it says what they carry and when they break.
 */
import type { ScriptedTown } from '@stile/settlement/testing/town.ts';
import type { Fetch } from '../parts/net.ts';

/** `lose`: the request arrives, its response does not. `silent`: nothing comes back, not even a failure. */
export type WireMode = 'pass' | 'cut' | 'lose' | 'silent';
type Respond = (request: WireRequest) => { status: number; body: unknown };
/** `token`: undefined if none was sent. */
type WireRequest = { method: string; path: string; body: unknown; token: string | undefined };

export class Wire {
  mode: WireMode = 'pass';
  /** Of this path responses get lost, of others not. */
  losing: string | null = null;
  /** Every request so far, also those that went nowhere. */
  readonly requests: WireRequest[] = [];
  /** Called at each, before anything becomes of it. */
  onRequest: (request: WireRequest) => void = () => undefined;
  readonly #town: ScriptedTown;
  readonly #changes = new EventTarget();
  readonly #responses = new Map<string, Respond>();
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  #pending = 0;

  constructor(town: ScriptedTown) {
    this.#town = town;
  }

  /** From now on this path is answered by the test; undefined: by settlement again. */
  respond(path: string, respond: Respond | undefined): void {
    if (respond === undefined) this.#responses.delete(path);
    else this.#responses.set(path, respond);
  }

  count(path: string): number {
    return this.requests.filter((request) => request.path === path).length;
  }

  /** Says something on the stream of events that is open. */
  tell(event: { kind: string; [field: string]: unknown }): void {
    const text = `event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
    this.#stream?.enqueue(new TextEncoder().encode(text));
  }

  heartbeat(): void {
    this.#stream?.enqueue(new TextEncoder().encode(': heartbeat\n\n'));
  }

  /** Ends the stream of events. */
  hangUp(): void {
    this.#stream?.close();
    this.#stream = undefined;
  }

  readonly fetch: Fetch = async (path, init) => {
    this.#pending += 1;
    try {
      return await this.#send(path, init);
    } finally {
      this.#pending -= 1;
      this.#changes.dispatchEvent(new Event('end'));
    }
  };

  /** Waits until no request is under way, nor one that followed from the one before. */
  async idle(): Promise<void> {
    do {
      while (this.#pending > 0) {
        await new Promise((resolve) => {
          this.#changes.addEventListener('end', resolve, { once: true });
        });
      }
      // All that follows from the end of a request is done before the next turn of the loop.
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#pending > 0);
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const method = init.method ?? 'GET';
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    const { authorization } = (init.headers ?? {}) as Record<string, string | undefined>;
    const token = authorization?.replace('Bearer ', '');
    const request = { method, path, body, token };
    this.requests.push(request);
    this.onRequest(request);
    const { mode } = this;
    if (mode === 'cut') throw new TypeError('the wire is cut');
    if (mode === 'silent') return await untilAborted(init.signal);
    if (path.endsWith('/events')) return this.#openStream(init.signal);
    const scripted = this.#responses.get(path)?.(request);
    const response = scripted ?? (await this.#inject(request, init));
    if (mode === 'lose' || path === this.losing) throw new TypeError('the response is lost');
    const text = typeof response.body === 'string' ? response.body : JSON.stringify(response.body);
    const hasBody = response.status !== 204;
    return new Response(hasBody ? text : null, { status: response.status });
  }

  async #inject({ method, path, body }: WireRequest, init: RequestInit) {
    const { statusCode: status, payload } = await this.#town.settlement.api.inject({
      method: method as 'GET',
      url: path,
      headers: init.headers as Record<string, string>,
      ...(body === undefined ? {} : { payload: body as object }),
    });
    return { status, body: payload };
  }

  #openStream(signal: AbortSignal | null | undefined): Response {
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#stream = controller;
        signal?.addEventListener('abort', () => {
          this.#stream = undefined;
          controller.error(signal.reason);
        });
      },
    });
    this.tell({ kind: 'OPEN' });
    return new Response(stream, { headers: { 'content-type': 'text/event-stream' } });
  }
}

function untilAborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
  });
}
