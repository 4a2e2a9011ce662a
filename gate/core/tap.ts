/**
 * What of a scan goes into the log, and what is remembered of a code that opened. Pure; it decides
 * nothing.
 */
import { type Sha256, toHex } from '@stile/protocol/bytes.ts';
import { SCAN_BYTES_KEPT, type TapRecord } from '@stile/protocol/gate-log.ts';
import type { Verdict } from '@stile/protocol/reasons.ts';
import { type Pass, TEXT_PREFIX, type TransitCode } from '@stile/protocol/transit-code.ts';
import type { ClockState, Rules } from './admit.ts';

/** Which pass; a pass itself has these fields. */
export type PassName = Pick<Pass, 'issuer' | 'account' | 'serial'>;

/** A pass and account to remember, once the tap opens the gate. */
export type Use = {
  issuer: number;
  account: string;
  serial: number;
  counter: number;
  expiresAtS: number;
  issuedAtS: number;
};

/** A tap before the store gives it its seq, boot and time stamps in the log. */
export type TapDraft = Pick<
  TapRecord,
  'verdict' | 'reason' | 'scan' | 'scanHex' | 'scanSha256' | 'scanBytes' | 'line' | 'fareCents'
> & { trust: number; deny: number; tariff: number; clock: ClockState };

/** `text`: one character a byte (ISO 8859-1), so that nothing is lost or guessed. */
export function draftTap(
  text: string,
  verdict: Verdict,
  { rules, clock, sha256 }: { rules: Rules; clock: ClockState; sha256: Sha256 },
): TapDraft {
  return {
    verdict: verdict.verdict,
    reason: verdict.verdict === 'open' ? null : verdict.reason,
    ...scanFields(text, { isOpen: verdict.verdict === 'open', sha256 }),
    scanBytes: text.length,
    line: rules.line,
    fareCents: rules.fareCents ?? null,
    trust: rules.trustVersion,
    deny: rules.denyVersion,
    tariff: rules.tariffVersion,
    clock,
  };
}

type ScanFields = Pick<TapRecord, 'scan' | 'scanHex' | 'scanSha256'>;

/**
 * Settlement needs the whole of what was opened for. Of anything else that may hold a code only the hash is kept:
 * whoever takes the card must not find codes that still open another gate.
 */
function scanFields(
  text: string,
  { isOpen, sha256 }: { isOpen: boolean; sha256: Sha256 },
): ScanFields {
  if (!isOpen && text.includes(TEXT_PREFIX)) {
    return { scan: null, scanHex: null, scanSha256: toHex(sha256(latin1Of(text))) };
  }
  const isReadable = /^[\x20-\x7e]*$/.test(text) && text.length <= SCAN_BYTES_KEPT;
  if (isReadable) return { scan: text, scanHex: null };
  return { scan: null, scanHex: toHex(latin1Of(text.slice(0, SCAN_BYTES_KEPT))) };
}

function latin1Of(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff);
}

export function useOf({ pass, counter }: TransitCode): Use {
  return {
    issuer: pass.issuer,
    account: pass.account,
    serial: pass.serial,
    counter,
    expiresAtS: pass.issuedAtS + pass.lifetimeMin * 60,
    issuedAtS: pass.issuedAtS,
  };
}
