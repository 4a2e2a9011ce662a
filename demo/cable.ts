/**
 * The network between gate and settlement: a TCP relay that can be unplugged and plugged in again. With several ends it
 * gives connections to them in turn, and none to one that refuses.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

type Target = { host: string; port: number };

export class Cable {
  readonly #targets: Target[];
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #port = 0;

  constructor(targetUrl: string, others: readonly string[] = []) {
    this.#targets = [targetUrl, ...others].map((url) => {
      const { hostname, port } = new URL(url);
      return { host: hostname, port: Number(port) };
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async plug(): Promise<void> {
    const server = createServer((near) => {
      this.#sockets.add(near);
      // A torn connection is what this relay is for.
      near.on('error', () => near.destroy());
      near.on('close', () => this.#sockets.delete(near));
      this.#join(near, this.#inTurn());
    });
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen(this.#port, '127.0.0.1', done);
    });
    const address = server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
    this.#server = server;
  }

  /** What has come from the near end waits until one of the others is reached. */
  #join(near: Socket, [target, ...others]: readonly Target[]): void {
    if (target === undefined) {
      near.destroy();
      return;
    }
    const far = connect(target);
    let isJoined = false;
    const endFar = () => far.destroy();
    this.#sockets.add(far);
    near.once('close', endFar);
    far.once('connect', () => {
      isJoined = true;
      near.pipe(far);
      far.pipe(near);
    });
    far.on('error', endFar);
    far.once('close', () => {
      this.#sockets.delete(far);
      near.off('close', endFar);
      if (isJoined || near.destroyed) near.destroy();
      else this.#join(near, others);
    });
  }

  /** Each connection has an order of its own: others that come meanwhile take nothing from it. */
  #inTurn(): readonly Target[] {
    const order = [...this.#targets];
    this.#targets.push(...this.#targets.splice(0, 1));
    return order;
  }

  async unplug(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise((done) => server.close(done));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
