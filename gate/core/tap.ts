/**
 * What of a scan goes into the log, and what is remembered of a code that opened. Pure; it decides
 * nothing.
 */
import { SCAN_BYTES_KEPT, type TapRecord } from '@stile/protocol/gate-log.ts';
import type { Verdict } from '@stile/protocol/reasons.ts';
import type { Pass, TransitCode } from '@stile/protocol/transit-code.ts';
import { type ClockState, type Opened, openingsBefore, type Rules } from './admit.ts';

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
  /** This opening counted. */
  opened: Opened;
};

/** A tap before the store gives it its seq, boot and time stamps in the log. */
export type TapDraft = Pick<
  TapRecord,
  'verdict' | 'reason' | 'scan' | 'scanHex' | 'scanBytes' | 'line' | 'fareCents'
> & { trust: number; deny: number; tariff: number; clock: ClockState };

/** `text`: one character a byte (ISO 8859-1), so that nothing is lost or guessed. */
export function draftTap(
  text: string,
  verdict: Verdict,
  { rules, clock }: { rules: Rules; clock: ClockState },
): TapDraft {
  const readable = /^[\x20-\x7e]*$/.test(text) && text.length <= SCAN_BYTES_KEPT;
  return {
    verdict: verdict.verdict,
    reason: verdict.verdict === 'open' ? null : verdict.reason,
    scan: readable ? text : null,
    scanHex: readable ? null : hexOfLatin1(text.slice(0, SCAN_BYTES_KEPT)),
    scanBytes: text.length,
    line: rules.line,
    fareCents: rules.fareCents ?? null,
    trust: rules.trustVersion,
    deny: rules.denyVersion,
    tariff: rules.tariffVersion,
    clock,
  };
}

function hexOfLatin1(text: string): string {
  let hex = '';
  for (let at = 0; at < text.length; at += 1) {
    hex += (text.charCodeAt(at) & 0xff).toString(16).padStart(2, '0');
  }
  return hex;
}

/** `opened`: what was known of this pass before. */
export function useOf(code: TransitCode, opened: Opened | undefined): Use {
  const { pass } = code;
  return {
    issuer: pass.issuer,
    account: pass.account,
    serial: pass.serial,
    counter: code.counter,
    expiresAtS: pass.issuedAtS + pass.lifetimeMin * 60,
    issuedAtS: pass.issuedAtS,
    opened: {
      issuedAtS: Math.max(pass.issuedAtS, opened?.issuedAtS ?? 0),
      count: openingsBefore(pass, opened) + 1,
    },
  };
}
