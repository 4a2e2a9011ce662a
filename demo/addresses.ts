/** Where a person finds what a stage runs. */
import type { Stage } from './stage.ts';

/** Pages to open in a browser of this machine; `token` is a till's. */
export function addressesOf({ settlementUrl, feedUrl }: Stage, token: string) {
  // Browsers treat this name as secure, which keys and cameras need.
  const local = settlementUrl.replace('127.0.0.1', 'localhost');
  return {
    wallet: `${local}/wallet/`,
    scanner: `${local}/scanner/#feed=${feedUrl}`,
    till: `${local}/till/#token=${token}`,
    port: new URL(local).port,
  };
}
