/**
 * Checks a gate's tap file without changing it: is the chain whole, is every line a record in its
 * place, is what was opened remembered, has every ask its one answer. Safe beside a running gate: it only reads.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@stile/crypto/sign.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { denyId } from '@stile/protocol/deny-list.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import {
  type GateRecord,
  genesisHash,
  readRecord,
  recordHash,
  type TapRecord,
} from '@stile/protocol/gate-log.ts';
import { readTransitCode } from '@stile/protocol/transit-code.ts';
import Database from 'better-sqlite3';

export type AuditCheck = { name: string; ok: boolean; detail: string };

const PAGE_ROWS = 500;
const WHOLE = 'the chain is whole';

type Row = { seq: number; bytes: Uint8Array; hash: Uint8Array };

/** Whether this directory is a gate's. */
export function isGateDir(dataDir: string): boolean {
  return existsSync(join(dataDir, 'taps.db'));
}

/** @throws Fault FILE_UNREADABLE if there is no tap file that can be read. */
export function auditGate(dataDir: string): AuditCheck[] {
  const file = join(dataDir, 'taps.db');
  let db: Database.Database;
  try {
    db = new Database(file, { readonly: true, fileMustExist: true });
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `cannot open ${file}`, { cause: error });
  }
  try {
    return [
      ...surely('the file is sound', () => [checkFile(db)]),
      ...surely(WHOLE, () => checkLog(db)),
    ];
  } finally {
    db.close();
  }
}

/** Where the file is damaged a look at it can throw: that is a finding, in a sentence. */
function surely(name: string, check: () => AuditCheck[]): AuditCheck[] {
  try {
    return check();
  } catch (error) {
    const why = describeError(error).replaceAll(/\s+/g, ' ');
    const detail = `cannot be read (${why}): what can be is evidence only, nothing of it is sent`;
    return [{ name, ok: false, detail }];
  }
}

function checkFile(db: Database.Database): AuditCheck {
  const says = String(db.pragma('quick_check', { simple: true }));
  return { name: 'the file is sound', ok: says === 'ok', detail: says };
}

function checkLog(db: Database.Database): AuditCheck[] {
  const meta = db.prepare('SELECT value FROM meta WHERE key = ?').pluck();
  const counterOf = db.prepare('SELECT counter_max FROM used_pass WHERE id = ?').pluck();
  const epoch = String(meta.get('epoch'));
  const gate = String(meta.get('gate'));
  let hash = genesisHash({ gate, epoch, sha256 });
  let previous: number | undefined;
  const broken: number[] = [];
  const unreadable: number[] = [];
  const forgotten: number[] = [];
  const latestMs = db.prepare('SELECT max(at_ms) FROM log').pluck().get() as number | null;
  const latestS = (latestMs ?? 0) / 1000;
  const findCounter = (id: Uint8Array) => counterOf.get(id) as number | undefined;
  const counts = { records: 0, open: 0, refuse: 0 };
  const asks = new AuthorisationTally();
  for (const row of rowsOf(db)) {
    counts.records += 1;
    // After pruning the first row's predecessor is gone; the chain is checked from there on.
    const first = previous === undefined && row.seq > 1;
    const expected = recordHash({ previous: hash, bytes: row.bytes, sha256 });
    const gap = previous !== undefined && row.seq !== previous + 1;
    if (!first && (gap || toHex(expected) !== toHex(row.hash))) broken.push(row.seq);
    hash = row.hash;
    previous = row.seq;
    const read = readRecord(row);
    if (read.ok) asks.add(read.record);
    else unreadable.push(row.seq);
    if (read.ok && read.record.kind === 'tap') {
      counts[read.record.verdict] += 1;
      if (isForgotten(read.record, { counterOf: findCounter, latestS })) {
        forgotten.push(row.seq);
      }
    }
  }
  const acked = Number(meta.get('ack_seq') ?? 0);
  const last = previous ?? 0;
  return [
    {
      name: WHOLE,
      ok: broken.length === 0,
      detail: list(broken, `${counts.records} records of gate ${gate}`),
    },
    {
      name: 'every line is a record',
      ok: unreadable.length === 0,
      detail: list(unreadable, 'all'),
    },
    {
      name: 'every opened code is remembered',
      ok: forgotten.length === 0,
      detail: list(forgotten, `${counts.open} opened, ${counts.refuse} refused`),
    },
    asks.check(meta.get('open_ask')),
    {
      name: 'settlement confirmed no more than there is',
      ok: acked <= last,
      detail: `${acked} of ${last} confirmed`,
    },
  ];
}

/** In pages: a file is not closed while a statement reads on, also if that has thrown. */
function* rowsOf(db: Database.Database): Iterable<Row> {
  const page = db.prepare(
    'SELECT seq, line AS bytes, hash FROM log WHERE seq > ? ORDER BY seq LIMIT ?',
  );
  for (let last: number | undefined = 0; last !== undefined; ) {
    const rows = page.all(last, PAGE_ROWS) as Row[];
    yield* rows;
    last = rows.at(-1)?.seq;
  }
}

/** Answers to asks, as they come along; an ask may be older than the first record that is kept. */
class AuthorisationTally {
  readonly #open = new Set<number>();
  readonly #wrong: number[] = [];
  #firstSeq: number | undefined;
  #answers = 0;

  add(record: GateRecord): void {
    this.#firstSeq ??= record.seq;
    if (record.kind === 'ask') {
      // The one before should have had its answer by now.
      this.#wrong.push(...this.#open);
      this.#open.clear();
      this.#open.add(record.seq);
    }
    if (record.kind !== 'answer') return;
    this.#answers += 1;
    if (!this.#open.delete(record.of) && record.of >= this.#firstSeq) this.#wrong.push(record.seq);
  }

  /** `remembered`: the ask that the gate believes to be open, as it stands in the file. */
  check(remembered: unknown): AuditCheck {
    const [open] = this.#open;
    const isRemembered = open === undefined || remembered === String(open);
    const wrong = isRemembered ? this.#wrong : [...this.#wrong, ...this.#open];
    const waiting = open === undefined ? '' : ', 1 in flight';
    return {
      name: 'every ask has one answer',
      ok: wrong.length === 0,
      detail: list(wrong, `${this.#answers} answered${waiting}`),
    };
  }
}

function isForgotten(
  tap: TapRecord,
  { counterOf, latestS }: { counterOf: (id: Uint8Array) => number | undefined; latestS: number },
): boolean {
  if (tap.verdict !== 'open' || tap.scan === null) return false;
  const reading = readTransitCode(tap.scan);
  if (!reading.ok) return true;
  const { issuer, account, serial, issuedAtS, lifetimeMin } = reading.value.pass;
  const counterMax = counterOf(denyId({ issuer, account, serial }));
  // A pass that can open nothing any more may have been forgotten, its records not yet.
  if (counterMax === undefined) return issuedAtS + lifetimeMin * 60 > latestS;
  return counterMax < reading.value.counter;
}

function list(seqs: readonly number[], good: string): string {
  return seqs.length === 0 ? good : `records ${seqs.slice(0, 10).join(', ')}`;
}
