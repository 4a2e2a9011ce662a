/** A wire before a settlement that passes everything on, and loses what is answered to one path. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export type DeafWire = {
  url: string;
  /** Statuses of what was lost. */
  lost: readonly number[];
  close(): void;
};

/** `path`: how the one ends whose answers get lost. */
export async function openDeafWire(to: string, path: string): Promise<DeafWire> {
  const lost: number[] = [];
  const wire = createServer(async (request, response) => {
    const body = await text(request);
    const { method = 'GET', url = '/' } = request;
    const headers = new Headers({ 'content-type': 'application/json' });
    const { authorization } = request.headers;
    if (authorization !== undefined) headers.set('authorization', authorization);
    const init = { method, headers, ...(body.length > 0 ? { body } : {}) };
    const passed = await fetch(new URL(url, to), init);
    const reply = await passed.text();
    if (url.endsWith(path)) {
      lost.push(passed.status);
      response.destroy();
      return;
    }
    response.writeHead(passed.status, { 'content-type': 'application/json' }).end(reply);
  });
  await once(wire.listen(0, '127.0.0.1'), 'listening');
  const { port } = wire.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, lost, close: () => wire.close() };
}
