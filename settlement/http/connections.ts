/**
 * How many connections are open: in all, and from one address, so that nobody who only connects keeps others
 * from being served. Trusted proxies bring everybody, so theirs are counted in all only.
 */
import { BlockList, isIPv6, type Server, type Socket } from 'node:net';
import { addressGroup } from './address.ts';

export type ConnectionLimits = {
  connectionsMax: number;
  connectionsPerAddressMax: number;
  trustedProxies: readonly string[];
};

/** What a server is, as far as it is needed here. */
type Listening = Pick<Server, 'on'> & { maxConnections: number };

export function capConnections(server: Listening, limits: ConnectionLimits): void {
  server.maxConnections = limits.connectionsMax;
  const proxies = blockListOf(limits.trustedProxies);
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const ip = socket.remoteAddress;
    if (ip === undefined || isIn(proxies, ip)) return;
    const address = addressGroup(ip);
    const count = open.get(address) ?? 0;
    if (count >= limits.connectionsPerAddressMax) {
      socket.destroy();
      return;
    }
    open.set(address, count + 1);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}

function blockListOf(addresses: readonly string[]): BlockList {
  const list = new BlockList();
  for (const address of addresses) {
    const [ip = '', bits] = address.split('/');
    const family = isIPv6(ip) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(ip, family);
    else list.addSubnet(ip, Number(bits), family);
  }
  return list;
}

function isIn(list: BlockList, ip: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  return list.check(mapped ?? ip, isIPv6(mapped ?? ip) ? 'ipv6' : 'ipv4');
}
