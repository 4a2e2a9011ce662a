/**
 * Addresses that are spoken to without TLS. What crosses a network so can be read by anybody on the way, and
 * answered by them: refused, unless a person has said that this network is theirs.
 */
import { Fault } from '@stile/protocol/fault.ts';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether this is http to another machine. */
export function isPlainHttp(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !LOOPBACK.test(hostname);
}

/**
 * `setting`: what a person has to set who means it.
 * @throws Fault REQUEST_INVALID
 */
export function refusePlainHttp(
  url: string,
  { isAllowed, setting }: { isAllowed: boolean; setting: string },
): void {
  if (isAllowed || !isPlainHttp(url)) return;
  throw new Fault('REQUEST_INVALID', `${url} ${plainHttpWords(setting)}`);
}

export function plainHttpWords(setting: string): string {
  return (
    'is http to another machine: anybody on the way can read and answer. Use https, or set ' +
    `${setting} if that network is yours alone.`
  );
}
