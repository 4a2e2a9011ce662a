/** The gate's state machine on a hand-moved clock, with its effects and their instants, its
 * alarms kept for it, and the facts of a gate that is well.
 */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { sha256 } from '@stile/crypto/sign.ts';
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { isMisread, readServerCode } from '@stile/protocol/payment-code.ts';
import { readTransitCode } from '@stile/protocol/transit-code.ts';
import type { Facts } from '../core/admit.ts';
import type { AttemptResult } from '../core/authorisation.ts';
import { step } from '../core/gate.ts';
import { GATE_START, type GateEffect, type GateEvent, type GateRules } from '../core/gate-state.ts';
import { makeTrust, NOW_S } from './phone.ts';

export const verify = createNodeVerify();
const KEY = makeTrust().issuers[0];
if (KEY === undefined) throw new Error('the scripted trust list has a key');
export const TIMING = {
  openMs: 3_000,
  presentationMs: 1_500,
  messageMs: 4_000,
  payBudgetMs: 2_500,
};
export const RULES: GateRules = {
  line: 'M1',
  fareCents: 320,
  scopes: [1],
  products: null,
  codeLifetimeSMax: 120,
  skewS: 20,
  passbackS: 0,
  maxListAgeS: 0,
  closeListAgeS: 0,
  onClockUnknown: 'refuse',
  trustVersion: 5,
  denyVersion: 8,
  tariffVersion: 2,
  timing: TIMING,
};
const FACTS: Facts = {
  issuerKey: { ...KEY, publicKeyBytes: fromHex(KEY.publicKey, 32) ?? new Uint8Array() },
  denied: false,
  denyAtS: 1,
  counterMax: undefined,
  openings: [],
  lastOpen: undefined,
  clock: 'HOLDOVER',
  signedTimeS: 0,
  barrierConnected: true,
};
export const START = { wallMs: NOW_S * 1000, monoMs: 50_000 };

export function scanOf(text: string, facts: Partial<Facts> | null = {}): GateEvent {
  const reading = readTransitCode(text);
  const found = reading.ok && facts !== null ? { ...FACTS, ...facts } : null;
  return { kind: 'scan', text, reading, facts: found, clock: 'HOLDOVER' };
}

/** A payment or online code; `id` is what the gate would draw for it. */
export function codeShown(
  text: string,
  id: string,
  facts: { networkDown?: boolean; barrierConnected?: boolean } = {},
): GateEvent {
  const method = isMisread(text) ? 'MISREAD' : readServerCode(text)?.method;
  if (method === undefined) throw new Error(`${text} is a payment or online code`);
  const usual = { networkDown: false, barrierConnected: true };
  return { kind: 'serverCode', text, method, id, ...usual, ...facts };
}

export function attemptEnded(
  id: string,
  result: AttemptResult,
  { barrierConnected = true }: { barrierConnected?: boolean } = {},
): GateEvent {
  return { kind: 'attemptEnded', id, result, barrierConnected, jitter: 0.5 };
}

/** The machine on a hand-moved clock: its effects with their instants, its alarms kept for it. */
export function machine(onTick: (effects: readonly GateEffect[]) => void = () => undefined) {
  const clock = createMovedClock(START);
  const log: { atMs: number; effect: GateEffect }[] = [];
  let state = GATE_START;
  let cancel: (() => void) | null = null;
  let wakeAtMs: number | null = null;

  function handle(event: GateEvent): readonly GateEffect[] {
    const now = clock.now();
    const result = step(state, event, { now, rules: RULES, verify, sha256 });
    state = result.state;
    wakeAtMs = result.wakeAtMs;
    cancel?.();
    cancel =
      wakeAtMs === null ? null : clock.alarm(wakeAtMs, () => onTick(handle({ kind: 'tick' })));
    for (const effect of result.effects) log.push({ atMs: now.monoMs - START.monoMs, effect });
    return result.effects;
  }
  /** When each effect of a kind was performed, in milliseconds since the start. */
  const times = (kind: GateEffect['do']) =>
    log.filter(({ effect }) => effect.do === kind).map(({ atMs }) => atMs);
  return {
    clock,
    log,
    handle,
    times,
    scan: (text: string, facts: Partial<Facts> | null = {}) => kinds(handle(scanOf(text, facts))),
    get wakeAtMs() {
      return wakeAtMs;
    },
    get state() {
      return state;
    },
  };
}

export const kinds = (effects: readonly GateEffect[]) => effects.map((effect) => effect.do);

/** Of each answer that went to the log, when, and whether it opens or why not. */
export const answersIn = (gate: ReturnType<typeof machine>) =>
  gate.log.flatMap(({ atMs, effect }) =>
    effect.do === 'storeAnswer' ? [[atMs, effect.answer.reason ?? 'open'] as const] : [],
  );
