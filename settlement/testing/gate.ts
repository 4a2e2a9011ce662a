/**
 * A gate's log without a gate. It writes whatever records a test asks for, honest or not,
 * chains and seals them, and hands out any part of them as a batch.
 */
import { randomBytes } from 'node:crypto';
import { generateKey, type SigningKey, sha256 } from '@stile/crypto/sign.ts';
import { toHex, utf8 } from '@stile/protocol/bytes.ts';
import {
  genesisHash,
  type HeldLists,
  recordHash,
  type TapRecord,
  writeBatch,
} from '@stile/protocol/gate-log.ts';
import { signAuthorisation } from '@stile/protocol/http/gate-api.ts';
import { signGateRequest } from '@stile/protocol/http/gate-request.ts';
import type { AuthorisationReason } from '@stile/protocol/reasons.ts';

const BOOT = '0badcafe';

export type TapChanges = Partial<Omit<TapRecord, 'v' | 'kind' | 'seq'>>;

export class ScriptedGate {
  readonly gate: string;
  readonly line: string;
  readonly epoch: string;
  key: SigningKey;
  /** What it says that it has in force. */
  lists: HeldLists = { trust: 1, deny: 0, denyAtS: 0, stage: 'FRESH' };
  readonly records: Uint8Array[] = [];
  readonly #hashes: Uint8Array[];

  constructor(gate: string, line: string, { epoch = toHex(randomBytes(8)) } = {}) {
    this.gate = gate;
    this.line = line;
    this.epoch = epoch;
    this.key = generateKey('Ed25519');
    this.#hashes = [genesisHash({ gate, epoch, sha256 })];
  }

  get lastSeq(): number {
    return this.records.length;
  }

  /** A log that goes its own way from here on, under the same key and epoch. */
  fork(): ScriptedGate {
    const other = new ScriptedGate(this.gate, this.line, { epoch: this.epoch });
    other.key = this.key;
    for (const record of this.records) other.raw(record);
    return other;
  }

  /** Appends an opened tap; returns its seq. */
  tap(scan: string, changes: TapChanges & { atMs: number }): number {
    const { line } = this;
    return this.#append({
      ...this.#stamp(changes.atMs),
      kind: 'tap',
      verdict: 'open',
      reason: null,
      scan,
      scanHex: null,
      scanBytes: scan.length,
      line,
      fareCents: 250,
      trust: 1,
      deny: 0,
      tariff: 1,
      ...changes,
    });
  }

  /** Appends a question to settlement under this id; returns its seq. */
  ask(id: string, atMs: number): number {
    const { line } = this;
    return this.#append({ ...this.#stamp(atMs), kind: 'ask', id, way: 'ONLINE_CODE', line });
  }

  /** What the gate sends to settlement for an ask: whether this code pays. */
  question(id: string, { code, atMs }: { code: string; atMs: number }) {
    const { gate, line } = this;
    const text = JSON.stringify({ stile: 'gate-payment/1', gate, id, code, line, atMs });
    const headers = {
      'content-type': 'application/json',
      'stile-signature': signAuthorisation(utf8(text), this.key),
    };
    return { bytes: utf8(text), headers };
  }

  /** The headers with which it asks for what only gates get. */
  signRequest(path: string, challenge: string): Record<string, string> {
    return signGateRequest({ path, challenge }, this.key);
  }

  /** Appends how an ask ended: opened for that fare, or refused if there is a reason. */
  answer(
    of: number,
    { atMs, reason = null }: { atMs: number; reason?: AuthorisationReason | null },
  ): number {
    const verdict = reason === null ? 'open' : 'refuse';
    const told = { verdict, reason, fareCents: reason === null ? 250 : null };
    return this.#append({ ...this.#stamp(atMs), kind: 'answer', of, ...told });
  }

  voidOf(of: number, atMs: number): number {
    return this.#append({ ...this.#stamp(atMs), kind: 'void', of, reason: 'BARRIER_FAILED' });
  }

  note(atMs: number, changes: Partial<Pick<TapRecord, 'boot' | 'monoMs' | 'clock'>> = {}): number {
    const said = { kind: 'note', note: 'STARTED', detail: '0.1.0', ...changes };
    return this.#append({ ...this.#stamp(atMs), ...said });
  }

  /** Appends bytes that need not be a record. */
  raw(record: Uint8Array): number {
    const head = this.#hashes.at(-1) ?? new Uint8Array(32);
    this.#hashes.push(recordHash({ previous: head, bytes: record, sha256 }));
    return this.records.push(record);
  }

  /** The sealed batch of these records, both ends inside. */
  batch(fromSeq = 1, toSeq = this.lastSeq): Uint8Array {
    const prev = this.#hashes[fromSeq - 1];
    const head = this.#hashes[toSeq];
    if (prev === undefined || head === undefined) throw new Error('no such records');
    const { gate, epoch } = this;
    return writeBatch(
      { stile: 'gate-log/1', gate, epoch, fromSeq, toSeq, prev: toHex(prev), lists: this.lists },
      { records: this.records.slice(fromSeq - 1, toSeq), head, sha256, key: this.key },
    );
  }

  #stamp(atMs: number) {
    const seq = this.records.length + 1;
    return { v: 1, seq, atMs, monoMs: seq * 1000, boot: BOOT, clock: 'TRUSTED' };
  }

  #append(record: Record<string, unknown>): number {
    return this.raw(utf8(JSON.stringify(record)));
  }
}
