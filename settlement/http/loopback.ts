/** Whether somebody on another machine can reach a settlement: by its address, or through a proxy. */

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/;

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** A proxy may stand before an address that is this machine's own: who trusts one has one. */
export function isBeyondLoopback({
  host,
  trustedProxies,
  publicUrl,
}: {
  host: string;
  trustedProxies: readonly string[];
  publicUrl?: string | undefined;
}): boolean {
  if (!isLoopback(host) || trustedProxies.length > 0) return true;
  return publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname);
}
