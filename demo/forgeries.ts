/** What mallory shows: passes and codes that she has made up. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey, keyFromJwk, type SigningKey } from '@stile/crypto/sign.ts';
import { makeTransitCode } from '@stile/phone/code.ts';
import { readPhone } from '@stile/phone/phone-file.ts';
import { concatBytes, fromHex } from '@stile/protocol/bytes.ts';
import { encodePass, issuerMessage, readSignedPass } from '@stile/protocol/transit-code.ts';
import type { Phone } from './stage.ts';

/** A pass like the phone's for a key of hers, signed by an issuer key that she made up. */
export function forgePass(phone: Phone): string {
  return passBy(phone, generateKey('Ed25519'));
}

/** The same by the issuer's own key, which she has a copy of. */
export function stealPass(phone: Phone, settlementDir: string): string {
  const file = join(settlementDir, 'keys', 'issuer-1-1.jwk.json');
  return passBy(phone, keyFromJwk(JSON.parse(readFileSync(file, 'utf8'))));
}

function passBy(phone: Phone, issuer: SigningKey): string {
  const own = generateKey('Ed25519');
  const stolen = readSignedPass(passOf(phone));
  if (!stolen.ok) throw new Error(stolen.detail);
  const fields = encodePass({
    ...stolen.value.pass,
    serial: 77,
    suite: 0,
    deviceKey: own.publicKey,
  });
  const pass = concatBytes(fields, issuer.sign(issuerMessage(fields)));
  return makeTransitCode(pass, { fresh: fresh(1), sign: own.sign });
}

/** The phone's genuine pass, but the code is signed with another key than the pass names. */
export function forgeCode(phone: Phone): string {
  return makeTransitCode(passOf(phone), { fresh: fresh(1_000), sign: otherKey(phone).sign });
}

function passOf(phone: Phone): Uint8Array {
  return fromHex(readPhone(phone.file).pass) ?? new Uint8Array(0);
}

function otherKey(phone: Phone): SigningKey {
  const { crv } = keyFromJwk(JSON.parse(readFileSync(phone.file, 'utf8')).key).privateJwk;
  return generateKey(crv === 'Ed25519' ? 'Ed25519' : 'P-256');
}

function fresh(counter: number) {
  return { generatedAtS: Math.floor(Date.now() / 1000), counter, flags: 0 };
}
