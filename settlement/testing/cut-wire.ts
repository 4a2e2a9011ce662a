/**
 * A way to a PostgreSQL server that can be cut after any number of bytes, in the middle of a statement or behind one
 * whose answer never comes: what the server and everybody else sees of a process that is killed.
 */
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

const PORT = 5432;
/** By which a store says whose connection it is; the server shows who is still there under it. */
const NAME_OF_ALL = 'stile';
const NAMED = 'application_name\0';

export type CutWire = {
  /** The same database, by this way. */
  url: string;
  readonly isCut: boolean;
  /** Cuts all connections, now and later ones, once so many more bytes have passed in either direction. */
  cutAfter(bytes: number): void;
  close(): Promise<void>;
};

/**
 * `url`: of a server that is reached by a socket in a folder, as those of tests are. `name`: under which the server
 * knows connections of this wire, as long as `stile`.
 */
export async function openCutWire(url: string, { name }: { name: string }): Promise<CutWire> {
  if (name.length !== NAME_OF_ALL.length) throw new Error(`${name} is too long or too short`);
  const target = new URL(url);
  const socketFile = join(target.searchParams.get('host') ?? '', `.s.PGSQL.${PORT}`);
  const pairs = new Set<readonly [Socket, Socket]>();
  let left = Number.POSITIVE_INFINITY;
  let isCut = false;

  function cut(): void {
    isCut = true;
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  }

  function pass(from: Socket, to: Socket): void {
    let isFirst = true;
    from.on('data', (data) => {
      const piece = isFirst ? renamed(data, name) : data;
      isFirst = false;
      if (isCut) return;
      // What is beyond the cut never arrives; what is before it does.
      to.write(piece.subarray(0, Math.max(0, left)));
      left -= piece.length;
      if (left < 0) cut();
    });
    from.on('error', () => undefined);
    from.on('close', () => to.destroy());
  }

  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = createConnection(socketFile);
    const pair = [near, far] as const;
    pairs.add(pair);
    far.on('close', () => pairs.delete(pair));
    pass(near, far);
    pass(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a port has a number');
  return {
    url: `postgres://${target.username}@127.0.0.1:${address.port}${target.pathname}`,
    get isCut() {
      return isCut;
    },
    cutAfter: (bytes) => {
      left = bytes;
    },
    close: async () => {
      cut();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

/** The first words of a connection, with this name in them. */
function renamed(data: Buffer, name: string): Buffer {
  const text = data.toString('latin1');
  return Buffer.from(text.replace(NAMED + NAME_OF_ALL, NAMED + name), 'latin1');
}
