/** What retention takes away and what it notes of it, as it is written. */
export const CUT_KINDS = [
  'trustList',
  'refusedPayment',
  'denyVersion',
  'denyEntry',
  'denial',
  'recoveryCode',
  'approval',
] as const;
export type CutKind = (typeof CUT_KINDS)[number];

/** What was cut of one kind so far. */
export type CutTotal = { rows: number; link: Uint8Array };

export type CutChange =
  | { kind: 'cutTrustList'; version: number }
  /** The payment goes, its key and why it was refused stay. */
  | {
      kind: 'cutRefusedPayment';
      id: number;
      payee: string;
      key: string;
      reason: string;
      atMs: number;
    }
  | { kind: 'cutDenyVersion'; version: number }
  | { kind: 'cutDenyEntry'; id: string; addedIn: number }
  | { kind: 'cutDenial'; number: number }
  | { kind: 'cutRecoveryCode'; codeHash: string; account: string }
  | { kind: 'cutApproval'; id: number; account: string }
  | { kind: 'noteCut'; cut: CutKind; total: CutTotal };
