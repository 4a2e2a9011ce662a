/** What is published: fares, issuer keys, trust lists and versions of the deny list, as it is written. */
import type { DenyHead, LineFare, TrustList } from '@stile/protocol/trust-list.ts';
import type { StoredIssuerKey } from './issuer-keys.ts';

export type ListChange =
  | { kind: 'addLineFare'; version: number; fare: LineFare; atMs: number }
  | { kind: 'addIssuerKey'; key: StoredIssuerKey }
  | ({ kind: 'setIssuerKeyState' } & Pick<
      StoredIssuerKey,
      'issuer' | 'keyId' | 'status' | 'signsFromS'
    >)
  | { kind: 'addTrustList'; list: TrustList; jws: string; atMs: number }
  | { kind: 'addDenyVersion'; head: DenyHead; atMs: number }
  | { kind: 'listDenied'; id: Uint8Array; version: number }
  | { kind: 'unlistDenied'; id: Uint8Array; version: number }
  /** Its causes are carried into the list. */
  | { kind: 'clearChangedDenial'; id: Uint8Array };
