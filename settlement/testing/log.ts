/**
 * A gate's log as checked batches, without any signature, for tests of what is behind the
 * check. Lines are real and chained; what they say is given directly.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { concatBytes, fromHex, utf8 } from '@stile/protocol/bytes.ts';
import { genesisHash, recordHash } from '@stile/protocol/gate-log.ts';
import type { AuthorisationReason } from '@stile/protocol/reasons.ts';
import type { BatchReply } from '@stile/protocol/sync.ts';
import { encodeCodeFields, encodePass, writeTransitCode } from '@stile/protocol/transit-code.ts';
import type { NewRider } from '../core/access/enrolment.ts';
import type { StoredIssuerKey } from '../core/lists/list-changes.ts';
import type { CheckedBatch, CheckedRecord } from '../core/logs/batch.ts';
import type { CheckedCode, CheckedTap, RecordContent } from '../core/logs/check-record.ts';
import type { Store } from '../store/port.ts';

export const ISSUER = 1;
export const NOW_MS = Date.UTC(2026, 2, 2, 8);
/** From then on every scripted rider has a pass, for 45 days. */
const ISSUED_AT_S = NOW_MS / 1000 - 30 * 86_400;
const LIFETIME_MIN = 0xffff;
/** Most that each of these passes stands for. */
export const CEILING_CENTS = 20_000;
const CEILING_EXPONENT = 1;
export const LIMITS = { codeLifetimeSMax: 3600, skewS: 20 };

export type AnswerTold = {
  verdict: 'open' | 'refuse';
  reason?: AuthorisationReason;
  fareCents?: number | null;
};
/** `generatedAtS`: of the code; else it is the one of the hour, of which whatever is shown within it is a copy. */
export type Ride = {
  account: string;
  counter: number;
  atMs: number;
  line?: string;
  generatedAtS?: number;
};

type RideChanges = Partial<CheckedTap> & { code?: CheckedCode };

export class ScriptedLog {
  readonly gate: string;
  readonly line: string;
  readonly epoch: string;
  readonly #records: CheckedRecord[] = [];
  readonly #hashes: Uint8Array[];

  constructor(gate: string, line: string, { epoch = '00112233445566ff' } = {}) {
    this.gate = gate;
    this.line = line;
    this.epoch = epoch;
    this.#hashes = [genesisHash({ gate, epoch, sha256 })];
  }

  get lastSeq(): number {
    return this.#records.length;
  }

  /** A log that goes its own way behind this record, in the same epoch. */
  fork(behindSeq = this.lastSeq): ScriptedLog {
    const other = new ScriptedLog(this.gate, this.line, { epoch: this.epoch });
    other.#records.push(...this.#records.slice(0, behindSeq));
    other.#hashes.splice(0, 1, ...this.#hashes.slice(0, behindSeq + 1));
    return other;
  }

  add(content: RecordContent, text?: string): number {
    const bytes = utf8(text ?? recordText(content, this.lastSeq + 1));
    const hash = recordHash({ previous: this.#hashes.at(-1) ?? new Uint8Array(32), bytes, sha256 });
    this.#hashes.push(hash);
    const seq = this.#records.length + 1;
    this.#records.push({ seq, bytes, hash, content });
    return seq;
  }

  ride(ride: Ride, changes: RideChanges = {}): number {
    const { atMs, line = this.line } = ride;
    return this.add({
      kind: 'tap',
      atMs,
      clock: 'TRUSTED',
      line,
      trust: 0,
      deny: 0,
      tariff: 0,
      verdict: 'open',
      problem: null,
      code: this.#code(ride),
      ...changes,
    } as CheckedTap);
  }

  /** A ride with a pass that is not quite the one that was given out. */
  pass(of: Omit<Ride, 'atMs'>, forged: Partial<CheckedCode>): number {
    const genuine = this.#code({ ...of, atMs: NOW_MS });
    return this.ride({ ...of, atMs: NOW_MS }, { code: { ...genuine, ...forged } });
  }

  #code({ account, counter, atMs, generatedAtS = hourOf(atMs) }: Ride): CheckedCode {
    const use = { issuer: ISSUER, account, serial: 1, counter, generatedAtS };
    const signer = { keyId: 1, deviceKey: deviceKeyOf(account) };
    const pass = { issuedAtS: ISSUED_AT_S, lifetimeMin: LIFETIME_MIN, codeLifetimeS: 3600 };
    const ceilingCents = CEILING_CENTS;
    return { ...use, ...signer, ...pass, ceilingCents };
  }

  /** A question to settlement under this id; returns its seq. */
  ask(id: string): number {
    return this.add({ kind: 'ask', atMs: NOW_MS, clock: 'TRUSTED', id, line: this.line });
  }

  /** How an ask ended at the gate. What the fare was, only the line itself says. */
  answer(of: number, how: AnswerTold): number {
    const { verdict, reason: gateReason = null, fareCents = verdict === 'open' ? 250 : null } = how;
    const stamp = { atMs: NOW_MS, clock: 'TRUSTED' } as const;
    const content: RecordContent = { kind: 'answer', ...stamp, of, verdict, gateReason };
    const text = {
      ...stampOf(content, this.lastSeq + 1),
      of,
      verdict,
      reason: gateReason,
      fareCents,
    };
    return this.add(content, JSON.stringify(text));
  }

  batch(fromSeq = 1, toSeq = this.lastSeq, { gateKeyId = 1 } = {}): CheckedBatch {
    const { gate, epoch } = this;
    const records = this.#records.slice(fromSeq - 1, toSeq);
    const prev = this.#hashes[fromSeq - 1];
    if (prev === undefined || records.length === 0) throw new Error('no such records');
    const raw = { headerBytes: utf8('{}'), sealBytes: utf8('{}'), gateKeyId, lists: null };
    return { gate, epoch, fromSeq, prev, ...raw, records };
  }

  async send(store: Store, { fromSeq = 1, toSeq = this.lastSeq } = {}): Promise<BatchReply> {
    const result = await store.ingestBatch(this.batch(fromSeq, toSeq), NOW_MS);
    if (result === 'EPOCH_OF_OTHER_KEY') throw new Error('this epoch is of another key');
    return result.reply;
  }
}

function hourOf(atMs: number): number {
  return Math.floor(atMs / 3_600_000) * 3600;
}

function stampOf(content: Exclude<RecordContent, { kind: 'unreadable' }>, seq: number) {
  const { kind, atMs } = content;
  const {
    clock = 'UNKNOWN',
    boot = '0000000a',
    monoMs = 0,
  } = {
    clock: 'clock' in content ? content.clock : undefined,
    boot: 'boot' in content ? content.boot : undefined,
    monoMs: 'monoMs' in content ? content.monoMs : undefined,
  };
  return { v: 1, seq, atMs, monoMs, boot, clock, kind };
}

/** What a gate would have written: it is read again where a ride is dated again. */
function recordText(content: RecordContent, seq: number): string {
  if (content.kind === 'unreadable' || content.kind === 'answer') return JSON.stringify(content);
  const { kind } = content;
  const stamp = stampOf(content, seq);
  if (kind === 'ask') {
    const { id, line } = content;
    return JSON.stringify({ ...stamp, id, way: 'ONLINE_CODE', line });
  }
  if (kind === 'note') return JSON.stringify({ ...stamp, note: 'STARTED', detail: '' });
  if (kind === 'void')
    return JSON.stringify({ ...stamp, of: content.of, reason: 'BARRIER_FAILED' });
  const { verdict, line, trust, deny, tariff } = content;
  const reason = verdict === 'refuse' ? content.gateReason : null;
  const scan = verdict === 'open' && content.problem === null ? scanOf(content.code) : 'junk';
  const presented = { scan, scanHex: null, scanBytes: scan.length };
  const lists = { fareCents: null, trust, deny, tariff };
  return JSON.stringify({ ...stamp, verdict, reason, ...presented, line, ...lists });
}

/** Of nobody; its form is good. */
const SIGNATURE = new Uint8Array(64).fill(7);

/** The code, as a gate has scanned it. */
function scanOf(code: CheckedCode): string {
  const { issuer, account, serial, counter, keyId, issuedAtS, lifetimeMin, codeLifetimeS } = code;
  const deviceKey = fromHex(code.deviceKey, 32) ?? new Uint8Array(32);
  const names = { suite: 0, issuer, issuerKeyId: keyId, account, serial, deviceKey } as const;
  const ceiling = (code.ceilingCents ?? 0) / 10 ** CEILING_EXPONENT;
  const limits = { product: 1, ceiling, allowance: 1, scope: 1 };
  const pass = encodePass({ ...names, ...limits, issuedAtS, lifetimeMin, codeLifetimeS });
  const signed = concatBytes(pass, SIGNATURE);
  const { generatedAtS } = code;
  const fields = encodeCodeFields(signed, { generatedAtS, counter, flags: 0 });
  return writeTransitCode(concatBytes(fields, SIGNATURE));
}

/** The key that every scripted pass is signed with, as far as a store knows it. */
export const ISSUER_KEY: StoredIssuerKey = {
  issuer: ISSUER,
  keyId: 1,
  publicKey: 'a'.repeat(64),
  status: 'active',
  notBeforeS: ISSUED_AT_S,
  notAfterS: ISSUED_AT_S + LIFETIME_MIN * 60,
  ceilingExponent: CEILING_EXPONENT,
  signsFromS: 0,
};

/** Works until the outbox holds nothing but a request to publish. */
export async function drain(store: Store): Promise<void> {
  for (;;) {
    const turn = await store.workOnce({ issuer: ISSUER, nowMs: NOW_MS });
    if (turn.kind === 'idle' && (await store.judgeOnce(NOW_MS)) === 'idle') return;
    if (turn.kind === 'failed') throw turn.error;
  }
}

/** An account named by one letter, so that a failure can be read. */
export function accountOf(letter: string): string {
  return letter.charCodeAt(0).toString(16).padStart(16, '0');
}

function deviceKeyOf(account: string): string {
  return account.repeat(4);
}

export async function addRider(store: Store, letter: string): Promise<string> {
  const account = accountOf(letter);
  const rider: NewRider = {
    account,
    serial: 1,
    algorithm: 'Ed25519',
    publicKey: deviceKeyOf(account),
    keyId: 1,
    issuer: ISSUER,
    issuedAtS: ISSUED_AT_S,
    expiresAtS: ISSUED_AT_S + LIFETIME_MIN * 60,
    enrolledBy: 'open',
    personHash: null,
    inviteHash: null,
    nowMs: NOW_MS,
  };
  await store.addRider(rider);
  return account;
}

/** A gate that stands at a line, with some key. */
export async function addGate(
  store: Store,
  { gate, line }: { gate: string; line: string },
): Promise<ScriptedLog> {
  const tokenHash = `token of ${gate} at ${line}`;
  const expiresAtMs = NOW_MS + 1;
  await store.addGateToken({ tokenHash, gate, line, scope: 1, expiresAtMs, nowMs: NOW_MS });
  await store.enrolGate({ tokenHash, publicKey: utf8(`key of ${gate} at ${line}`), nowMs: NOW_MS });
  return new ScriptedLog(gate, line);
}

export type Books = {
  wallets: Record<string, number>;
  debts: Record<string, number>;
  revenue: Record<string, number>;
};

/** What the ledger says in the end; nothing about how it came to it. */
export async function readBooks(store: Store, letters: readonly string[]): Promise<Books> {
  const books: Books = { wallets: {}, debts: {}, revenue: {} };
  for (const letter of letters) {
    const rider = await store.readRider(ISSUER, accountOf(letter));
    books.wallets[letter] = rider?.balanceCents ?? -1;
    books.debts[letter] = rider?.debtCents ?? -1;
  }
  const { rows, debitsCents, creditsCents } = await store.readTrialBalance();
  if (debitsCents !== creditsCents) throw new Error('debits are not credits');
  for (const { account, debitsCents: debits, creditsCents: credits } of rows) {
    if (account.startsWith('revenue:') && credits !== debits) {
      books.revenue[account.slice('revenue:'.length)] = credits - debits;
    }
  }
  return books;
}
