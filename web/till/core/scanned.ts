/** What a till makes of a text that was scanned or typed. Pure. */
import { readServerCode } from '@stile/protocol/payment-code.ts';
import { withoutScanPrefix } from '@stile/protocol/scan/scan-prefix.ts';

export type Scanned =
  | { kind: 'code'; code: string }
  /** A transit code: good at gates, no means to pay here. */
  | { kind: 'transit' }
  /** Meant as a code, but a digit is wrong or missing: no need to ask settlement. */
  | { kind: 'misread' }
  | { kind: 'unknown' };

/** Blanks are a person's, or a group's; a code has none. Full-width digits are digits. */
export function readScanned(scanned: string): Scanned {
  const text = withoutScanPrefix(scanned);
  const bare = text.normalize('NFKC').replace(/[\s-]/g, '');
  if (readServerCode(bare) !== undefined) return { kind: 'code', code: bare };
  if (/^7[12]\d*$/.test(bare)) return { kind: 'misread' };
  return text.startsWith('TC1:') ? { kind: 'transit' } : { kind: 'unknown' };
}
