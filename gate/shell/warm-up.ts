/**
 * Runs the whole of a decision a few times before the first rider comes: the first check of a cold
 * process costs five times as much as any later one. It uses keys made for the moment and stores
 * nothing.
 */
import { generateKey } from '@stile/crypto/sign.ts';
import { concatBytes } from '@stile/protocol/bytes.ts';
import { assert } from '@stile/protocol/fault.ts';
import type { Algorithm, Verify } from '@stile/protocol/signature.ts';
import {
  deviceMessage,
  encodeCodeFields,
  encodePass,
  issuerMessage,
  readTransitCode,
  type Suite,
  writeTransitCode,
} from '@stile/protocol/transit-code.ts';
import { admit, type Facts, type Rules } from '../core/admit.ts';

const ROUNDS = 12;
const NOW_S = 1_800_000_000;

const RULES: Rules = {
  line: '',
  fareCents: 0,
  scopes: [0],
  products: null,
  codeLifetimeSMax: 60,
  skewS: 0,
  passbackS: 0,
  maxListAgeS: 0,
  closeListAgeS: 0,
  onClockUnknown: 'refuse',
  trustVersion: 0,
  denyVersion: 0,
  tariffVersion: 0,
};

/** Self-test and warm-up in one: a gate whose own code does not open must not start. */
export function warmUp(verify: Verify): void {
  for (const suite of [0, 1] as const) {
    const { text, facts } = sample(suite);
    for (let round = 0; round < ROUNDS; round += 1) {
      const reading = readTransitCode(text);
      assert(reading.ok, 'the self-test code is read');
      const now = { wallMs: NOW_S * 1000, monoMs: 0 };
      const verdict = admit(reading.value, facts, { rules: RULES, now, verify });
      assert(verdict.verdict === 'open', 'the self-test code opens');
    }
  }
}

function sample(suite: Suite): { text: string; facts: Facts } {
  const algorithm: Algorithm = suite === 0 ? 'Ed25519' : 'P-256';
  const issuer = generateKey('Ed25519');
  const device = generateKey(algorithm);
  const fields = encodePass({
    suite,
    product: 0,
    issuer: 0,
    issuerKeyId: 0,
    account: '0000000000000000',
    serial: 1,
    issuedAtS: NOW_S,
    lifetimeMin: 1,
    codeLifetimeS: 60,
    ceiling: 0,
    allowance: 1,
    scope: 0,
    deviceKey: device.publicKey,
  });
  const signedPass = concatBytes(fields, issuer.sign(issuerMessage(fields)));
  const code = encodeCodeFields(signedPass, { generatedAtS: NOW_S, counter: 1, flags: 0 });
  const text = writeTransitCode(concatBytes(code, device.sign(deviceMessage(code))));
  const issuerKey = {
    issuer: 0,
    keyId: 0,
    publicKey: '',
    publicKeyBytes: issuer.publicKey,
    notBeforeS: 0,
    notAfterS: 0xffffffff,
    status: 'active',
    ceilingExponent: 0,
  } as const;
  const facts: Facts = {
    issuerKey,
    denied: false,
    denyAtS: 1,
    counterMax: undefined,
    openings: [],
    lastOpen: undefined,
    clock: 'TRUSTED',
    signedTimeS: 0,
    barrierConnected: true,
  };
  return { text, facts };
}
