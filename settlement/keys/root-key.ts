/** The operator's root key: what it signs with, and its public half as gates pin it. */
import type { SigningKey } from '@stile/crypto/sign.ts';
import type { RootKey } from '@stile/protocol/signed.ts';

export type Signer = { privateKey: SigningKey['privateJwk']; publicKey: RootKey };

export function rootKeyOf({ privateJwk }: SigningKey): RootKey {
  return { kty: 'OKP', crv: 'Ed25519', x: privateJwk.x };
}

export function signerOf(rootKey: SigningKey): Signer {
  return { privateKey: rootKey.privateJwk, publicKey: rootKeyOf(rootKey) };
}
