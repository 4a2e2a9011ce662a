/** What is published: fares, issuer keys, trust lists and versions of the deny list, as it is written. */
import type { DenyVersion, IssuerKey, LineFare, TrustList } from '@stile/protocol/trust-list.ts';
import type { ListRules } from './list-rules.ts';

/** A key as it is stored: published from the beginning, signing from its instant. */
export type StoredIssuerKey = IssuerKey & { signsFromS: number };

export type ListChange =
  | { kind: 'addLineFare'; version: number; fare: LineFare; atMs: number }
  | { kind: 'addIssuerKey'; key: StoredIssuerKey }
  | ({ kind: 'setIssuerKeyState' } & Pick<
      StoredIssuerKey,
      'issuer' | 'keyId' | 'status' | 'signsFromS'
    >)
  | { kind: 'addTrustList'; list: TrustList; jws: string; rules: ListRules; atMs: number }
  | { kind: 'addDenyVersion'; head: DenyVersion; atMs: number }
  | { kind: 'listDenied'; id: Uint8Array; version: number }
  | { kind: 'unlistDenied'; id: Uint8Array; version: number }
  /** Its causes are carried into the list. */
  | { kind: 'clearChangedDenial'; id: Uint8Array };
