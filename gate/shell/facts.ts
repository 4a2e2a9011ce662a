/**
 * What the gate's machine is told with each event: the rules in force, how far the clock can be believed,
 * and what is remembered and published about the code that was scanned.
 */
import { fromHex } from '@stile/protocol/bytes.ts';
import type { HeldLists } from '@stile/protocol/gate-log.ts';
import type { Now } from '@stile/protocol/time.ts';
import type { TransitCode } from '@stile/protocol/transit-code.ts';
import { findFareCents, findIssuerKey, type TrustList } from '@stile/protocol/trust-list.ts';
import type { ClockState, Facts } from '../core/admit.ts';
import type { GateRules } from '../core/gate-state.ts';
import { listsStageAt } from '../core/lists-age.ts';
import type { ReferenceStore } from './store/reference-store.ts';
import type { TapsStore } from './store/taps-store.ts';

/** How far the wall clock may lie below the last signed time before it counts as lost. */
export const CLOCK_TOLERANCE_S = 120;

/** What of the rules is the gate's own; the rest is in the lists. */
export type GateSettings = Pick<
  GateRules,
  | 'line'
  | 'scopes'
  | 'products'
  | 'passbackS'
  | 'maxListAgeS'
  | 'closeListAgeS'
  | 'onClockUnknown'
  | 'timing'
>;

export type FactsParts = {
  taps: TapsStore;
  reference: ReferenceStore;
  barrier: { readonly connected: boolean };
  settings: GateSettings;
};

export type FactsReader = ReturnType<typeof createFactsReader>;

export function createFactsReader({ taps, reference, barrier, settings }: FactsParts) {
  let freshSignedTime = false;

  function clockState(now: Now): ClockState {
    if (now.wallMs / 1000 < taps.signedTimeS - CLOCK_TOLERANCE_S) return 'UNKNOWN';
    return freshSignedTime ? 'TRUSTED' : 'HOLDOVER';
  }

  return {
    clockState,

    /** What is said with every batch. A clock that is lost says nothing of an age but its least. */
    heldLists(now: Now): HeldLists {
      const { denyAtS, denyHead, trust } = reference;
      const { generation, number, floor } = reference.rootState();
      const nowS = clockState(now) === 'UNKNOWN' ? taps.signedTimeS : Math.floor(now.wallMs / 1000);
      const stage = listsStageAt({ denyAtS, nowS }, settings);
      const lists = { trust: trust?.version ?? 0, deny: denyHead.version, denyAtS, stage };
      return generation === 0 ? lists : { ...lists, root: { generation, number, floor } };
    },

    /** A list was fetched and applied. Says whether the mark of signed time has fallen to its time. */
    onTrust(
      { version, issuedAtS }: Pick<TrustList, 'version' | 'issuedAtS'>,
      { isAnew }: { isAnew: boolean },
    ): boolean {
      freshSignedTime = true;
      return taps.takeListTime({ version, atS: issuedAtS, isAnew });
    },

    rulesAt(now: Now): GateRules {
      const { trust } = reference;
      return {
        ...settings,
        fareCents: trust === null ? undefined : fareOf(trust, { line: settings.line, now }),
        codeLifetimeSMax: trust?.limits.codeLifetimeSMax ?? 0,
        skewS: trust?.limits.skewS ?? 0,
        trustVersion: trust?.version ?? 0,
        denyVersion: reference.denyHead.version,
        tariffVersion: trust?.tariff.version ?? 0,
      };
    },

    factsOf({ pass }: TransitCode, clock: ClockState): Facts {
      const { issuer, issuerKeyId } = pass;
      const key = reference.trust && findIssuerKey(reference.trust, { issuer, keyId: issuerKeyId });
      return {
        issuerKey: key ? { ...key, publicKeyBytes: keyBytes(key.publicKey) } : undefined,
        denied: reference.isDenied(pass),
        denyAtS: reference.denyAtS,
        ...taps.findUsed(pass),
        lastOpen: settings.passbackS > 0 ? taps.findLastOpen(pass) : undefined,
        clock,
        signedTimeS: taps.signedTimeS,
        barrierConnected: barrier.connected,
      };
    },
  };
}

function fareOf(trust: TrustList, { line, now }: { line: string; now: Now }): number | undefined {
  return findFareCents(trust.tariff, { line, atS: Math.floor(now.wallMs / 1000) });
}

function keyBytes(hex: string): Uint8Array {
  return fromHex(hex, 32) ?? new Uint8Array(0);
}
