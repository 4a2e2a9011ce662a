/**
 * How a gate shows who it is when it asks for something without sending any: its key signs the path and a
 * challenge of settlement's, so that nobody follows the deny list but gates, and no clock is needed for it
 * (protocol/README.md §5).
 */
import { concatBytes, fromHex, toHex, utf8 } from '../bytes.ts';
import { DOMAINS } from '../domains.ts';

/** Of a response: the challenge for the next request. Of a request: the one that is signed. */
export const CHALLENGE_HEADER = 'stile-challenge';
/** Of a request: the gate's public key and its signature, hex, a dot between. */
export const SIGNATURE_HEADER = 'stile-signature';
export const SIGNATURE_CHARS_MAX = 200;
export const CHALLENGE_CHARS_MAX = 100;

const CHALLENGE = /^[\w-]+$/;

/** `path`: from `/v1/` on, with its query, as it is sent. */
export type GateRequest = { path: string; challenge: string };

export type GateSigner = {
  publicKey: Uint8Array;
  sign: (message: Uint8Array) => Uint8Array;
};

export function isChallenge(text: unknown): text is string {
  return typeof text === 'string' && text.length <= CHALLENGE_CHARS_MAX && CHALLENGE.test(text);
}

/** What the gate's key signs. */
export function gateRequestMessage({ path, challenge }: GateRequest): Uint8Array {
  return concatBytes(DOMAINS.gateRequest, utf8(`${challenge}\0${path}`));
}

/** The two headers that go with such a request. */
export function signGateRequest(request: GateRequest, key: GateSigner): Record<string, string> {
  const signature = key.sign(gateRequestMessage(request));
  return {
    [CHALLENGE_HEADER]: request.challenge,
    [SIGNATURE_HEADER]: writeGateSignature({ publicKey: key.publicKey, signature }),
  };
}

export type GateSignature = { publicKey: Uint8Array; signature: Uint8Array };

export function writeGateSignature({ publicKey, signature }: GateSignature): string {
  return `${toHex(publicKey)}.${toHex(signature)}`;
}

export function readGateSignature(text: string): GateSignature | undefined {
  const [key = '', sig = '', ...more] = text.split('.');
  const publicKey = fromHex(key, 32);
  const signature = fromHex(sig, 64);
  if (publicKey === undefined || signature === undefined || more.length > 0) return undefined;
  return { publicKey, signature };
}
