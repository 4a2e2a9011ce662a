/** Which kind of key a tester asks for in the address. */
import type { Algorithm } from '@stile/protocol/signature.ts';

/** `?key=P-256`: for testers, whose browsers all have Ed25519. */
export function keyInAddress(): Algorithm | null {
  return new URLSearchParams(location.search).get('key') === 'P-256' ? 'P-256' : null;
}
