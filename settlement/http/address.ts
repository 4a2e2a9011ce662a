/** Who counts as one address: an IPv4 address, or the /64 of an IPv6 one, since whoever has one of it has all. */

const GROUPS_KEPT = 4;

export function addressGroup(ip: string): string {
  const plain = ip.split('%')[0] ?? ip;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  if (!plain.includes(':')) return plain;
  const [before = '', after] = plain.toLowerCase().split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail];
  const kept = groups.slice(0, GROUPS_KEPT).map((group) => group.replace(/^0+(?=.)/, ''));
  return `${kept.join(':')}::/64`;
}
