/**
 * What every signature and hash of ours begins with, so that what was signed or hashed for one thing can
 * never serve as another (protocol/README.md §3). Each ends with a zero byte, and stands here once.
 */
import { utf8 } from './bytes.ts';

export const DOMAINS = {
  /** The issuer's signature of a pass (§2). */
  pass: utf8('TC1-pass\0'),
  /** The device's signature of a code (§2). */
  code: utf8('TC1-code\0'),
  /** The hash of one id in the deny list's set digest (§5). */
  denyId: utf8('SDL1-id\0'),
  /** The digest of a deny list as the public trust list names it (§5). */
  denySet: utf8('SDL1-set\0'),
  /** The chain hash of a record of a gate's log (§7). */
  record: utf8('SGL1-line\0'),
  /** The head of a log before its first record (§7). */
  genesis: utf8('SGL1-genesis\0'),
  /** The gate's seal of a batch (§7). */
  seal: utf8('SGL1-seal\0'),
  /** A proof of possession (§9). */
  proof: utf8('Stile-proof\0'),
  /** A gate's signature of its question about a code (§14). */
  authorisation: utf8('Stile-gate-payment\0'),
  /** A gate's signature of a request that has no body (§5). */
  gateRequest: utf8('Stile-gate-request\0'),

  // What follows never crosses the wire: only whoever wrote it reads it again.
  /** The hash that is stored of a bearer token. */
  token: utf8('Stile-token\0'),
  /** The hash that is stored of an online code. */
  onlineCode: utf8('Stile-online-code\0'),
  /** The slow hash that is stored of a recovery code. */
  recoveryCode: utf8('Stile-recovery-code\0'),
  /** What the key of their quick hash is made from. */
  recoveryQuickKey: utf8('Stile-recovery-quick\0'),
  /** What a sealed seed is bound to. */
  seed: utf8('Stile-seed\0'),
  /** What the key of challenges is made from, the same in every process of one settlement. */
  challengeKey: utf8('Stile-challenges\0'),
  /** Signed once when a key file is opened, to see that its halves belong together. */
  keyPair: utf8('Stile-key-pair\0'),
  /** Signed once when a browser's key was made, to see that the browser can. */
  keyProbe: utf8('Stile-key-probe\0'),
} as const;
