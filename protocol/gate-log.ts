/**
 * The gate log: one JSON record a line, each record hashed with the one before, a batch of records sealed
 * by the gate's Ed25519 key (protocol/README.md §7). The same bytes travel over HTTP or as a file.
 * Reading never re-encodes: hashes and seal are over the bytes that arrived.
 */

import { z } from 'zod';
import { concatBytes, equalBytes, fromHex, type Sha256, toHex, utf8 } from './bytes.ts';
import { DOMAINS } from './domains.ts';
import { AUTHORISATION_REASONS, REASONS } from './reasons.ts';
import { signatureHolds, type Verify } from './signature.ts';

export const RECORD_BYTES_MAX = 4_096;
export const BATCH_RECORDS_MAX = 500;
export const BATCH_BYTES_MAX = 1024 * 1024;
/** How much of an unreadable scan is kept as evidence. */
export const SCAN_BYTES_KEPT = 512;

const LF = 0x0a;

export const gateIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,32}$/);
/** One life of a gate's log: 8 random bytes as hex, made anew when the log file is made anew. */
export const epochSchema = z.string().regex(/^[0-9a-f]{16}$/);
const seq = z.int().min(1);
const stamp = {
  v: z.literal(1),
  seq,
  /** Gate's wall clock, unix ms: when it happened. Never overwritten by when it arrived. */
  atMs: z.int().min(0),
  /** Milliseconds since this boot began; orders records whatever the wall clock did. */
  monoMs: z.int().min(0),
  boot: z.string().regex(/^[0-9a-f]{8}$/),
  clock: z.enum(['TRUSTED', 'HOLDOVER', 'UNKNOWN']),
};

/** What a gate calls its line. Not every database has room for U+0000. */
const lineText = z
  .string()
  .max(32)
  .refine((text) => !text.includes('\0'), 'has a NUL character');

const tapFields = z.strictObject({
  ...stamp,
  kind: z.literal('tap'),
  verdict: z.enum(['open', 'refuse']),
  /** Null exactly when the verdict is open. */
  reason: z.enum(REASONS).nullable(),
  /**
   * The code as scanned, if it is printable ASCII; otherwise null and `scanHex` has its start. Both are null if
   * the gate did not open for what may be a code: that could still open another gate.
   */
  scan: z.string().max(SCAN_BYTES_KEPT).nullable(),
  scanHex: z
    .string()
    .regex(/^(?:[0-9a-f]{2})*$/)
    .max(SCAN_BYTES_KEPT * 2)
    .nullable(),
  /** SHA-256 of the scan's bytes, where the scan itself is not kept. */
  scanSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** Length of the whole scan, which may be longer than what is kept. */
  scanBytes: z.int().min(0),
  line: lineText,
  fareCents: z.int().min(0).nullable(),
  /** Versions in force at the gate: the evidence for who bears an unpaid ride. */
  trust: z.int().min(0),
  deny: z.int().min(0),
  tariff: z.int().min(0),
});

export const tapSchema = tapFields
  .refine((tap) => (tap.verdict === 'open') === (tap.reason === null), {
    path: ['reason'],
    error: 'open has no reason, refuse has one',
  })
  .refine((tap) => spellingsOf(tap) === 1, {
    path: ['scan'],
    error: 'one of scan, scanHex and scanSha256',
  })
  .refine((tap) => tap.scanSha256 === undefined || tap.verdict === 'refuse', {
    path: ['scanSha256'],
    error: 'what a gate opened for is kept whole',
  });

function spellingsOf({ scan, scanHex, scanSha256 }: z.infer<typeof tapFields>): number {
  return [scan !== null, scanHex !== null, scanSha256 !== undefined].filter(Boolean).length;
}

/**
 * A code that only settlement can judge was presented, and settlement is about to be asked under this
 * id. Stored before the question goes out; the code itself is not kept.
 */
export const askSchema = z.strictObject({
  ...stamp,
  kind: z.literal('ask'),
  id: z.string().regex(/^[0-9a-f]{32}$/),
  way: z.enum(['PAYMENT_CODE', 'ONLINE_CODE']),
  line: lineText,
});

/**
 * How an ask ended at the gate: opened on a durable answer, or not. Settlement gives back what it took
 * for one that did not open.
 */
export const answerSchema = z
  .strictObject({
    ...stamp,
    kind: z.literal('answer'),
    /** The seq of the ask. */
    of: seq,
    verdict: z.enum(['open', 'refuse']),
    /** Null exactly when the verdict is open. */
    reason: z.enum(AUTHORISATION_REASONS).nullable(),
    /** What settlement said was withheld; null if it said nothing. */
    fareCents: z.int().min(0).nullable(),
  })
  .refine((answer) => (answer.verdict === 'open') === (answer.reason === null), {
    path: ['reason'],
    error: 'open has no reason, refuse has one',
  });

/** A tap or an answer that said open but whose barrier could not be told so: the ride did not happen. */
export const voidSchema = z.strictObject({
  ...stamp,
  kind: z.literal('void'),
  of: seq,
  reason: z.enum(['BARRIER_FAILED']),
});

/** Something about the gate itself that a person may ask about later. */
export const noteSchema = z.strictObject({
  ...stamp,
  kind: z.literal('note'),
  note: z.enum(['STARTED', 'LOG_REPLACED', 'EPOCH_BEGUN', 'SCANS_DROPPED', 'ANSWER_REFUSED']),
  detail: z.string().max(500),
});

export const recordSchema = z.discriminatedUnion('kind', [
  tapSchema,
  askSchema,
  answerSchema,
  voidSchema,
  noteSchema,
]);
export type TapRecord = z.infer<typeof tapSchema>;
export type AskRecord = z.infer<typeof askSchema>;
export type AnswerRecord = z.infer<typeof answerSchema>;
export type NoteRecord = z.infer<typeof noteSchema>;
export type GateRecord = z.infer<typeof recordSchema>;

/**
 * How far a gate believes its lists: all of them · passes given out after the list only · none any more ·
 * it has none.
 */
export const LISTS_STAGES = ['FRESH', 'STALE', 'EXPIRED', 'NONE'] as const;
export type ListsStage = (typeof LISTS_STAGES)[number];

/** How far a gate has heard the operator's roots (§4.2): it ignores older statements, and keys below the floor. */
export const heldRootSchema = z.strictObject({
  generation: z.int().min(1),
  number: z.int().min(1),
  floor: z.int().min(0),
});
export type HeldRoot = z.infer<typeof heldRootSchema>;

/** What a gate has in force while it seals a batch. */
export const heldListsSchema = z.strictObject({
  trust: z.int().min(0),
  deny: z.int().min(0),
  /** When the deny list was last known to be the latest, by the operator's signature; 0: never. */
  denyAtS: z.int().min(0),
  stage: z.enum(LISTS_STAGES),
  /** Left out: it has heard no statement yet. */
  root: heldRootSchema.optional(),
});
export type HeldLists = z.infer<typeof heldListsSchema>;

export const batchHeaderSchema = z.strictObject({
  stile: z.literal('gate-log/1'),
  gate: gateIdSchema,
  epoch: epochSchema,
  fromSeq: seq,
  /** One less than `fromSeq` in an empty batch, by which a gate asks how far its log has come. */
  toSeq: z.int().min(0),
  /** Chain hash before the first record, hex. */
  prev: z.string().regex(/^[0-9a-f]{64}$/),
  lists: heldListsSchema,
});
export type BatchHeader = z.infer<typeof batchHeaderSchema>;

export const sealSchema = z.strictObject({
  /** The gate's public key that sealed, hex: by it settlement refuses a stranger without arithmetic. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  head: z.string().regex(/^[0-9a-f]{64}$/),
  sig: z.string().regex(/^[0-9a-f]{128}$/),
});

/** A record as it stands in a log: bytes under a chain hash. What they say is `readRecord`'s to find out. */
export type LogRecord = {
  seq: number;
  /** The line without its LF, exactly as received. */
  bytes: Uint8Array;
  hash: Uint8Array;
};
export type Seal = { key: Uint8Array; signature: Uint8Array; message: Uint8Array };
export type Batch = {
  header: BatchHeader;
  records: readonly LogRecord[];
  /** Chain hash after the last record. */
  head: Uint8Array;
  seal: Seal;
};

export const BATCH_REFUSALS = [
  'BATCH_TOO_LARGE',
  'BATCH_MALFORMED',
  'CHAIN_BROKEN',
  'SEAL_BROKEN',
] as const;
export type BatchRefusal = (typeof BATCH_REFUSALS)[number];
export type BatchReading =
  | { ok: true; batch: Batch }
  | { ok: false; reason: BatchRefusal; detail: string };

/** The chain hash before the first record of a gate's epoch. */
export function genesisHash({
  gate,
  epoch,
  sha256,
}: {
  gate: string;
  epoch: string;
  sha256: Sha256;
}): Uint8Array {
  return sha256(concatBytes(DOMAINS.genesis, utf8(gate), utf8('\0'), utf8(epoch)));
}

export function recordHash({
  previous,
  bytes,
  sha256,
}: {
  previous: Uint8Array;
  bytes: Uint8Array;
  sha256: Sha256;
}): Uint8Array {
  return sha256(concatBytes(DOMAINS.record, previous, bytes));
}

export function sealMessage({
  headerBytes,
  head,
  sha256,
}: {
  headerBytes: Uint8Array;
  head: Uint8Array;
  sha256: Sha256;
}): Uint8Array {
  return concatBytes(DOMAINS.seal, sha256(headerBytes), head);
}

/** Puts stored records into one sealed batch. `key` is the gate's Ed25519 key at work. */
export function writeBatch(
  header: BatchHeader,
  {
    records,
    head,
    sha256,
    key,
  }: {
    records: readonly Uint8Array[];
    head: Uint8Array;
    sha256: Sha256;
    key: { publicKey: Uint8Array; sign: (message: Uint8Array) => Uint8Array };
  },
): Uint8Array {
  const headerBytes = utf8(JSON.stringify(header));
  const signature = key.sign(sealMessage({ headerBytes, head, sha256 }));
  const newline = Uint8Array.of(LF);
  const parts = [headerBytes, newline];
  for (const record of records) parts.push(record, newline);
  const seal = { key: toHex(key.publicKey), head: toHex(head), sig: toHex(signature) };
  parts.push(utf8(JSON.stringify(seal)), newline);
  return concatBytes(...parts);
}

/**
 * Takes a batch apart and walks its chain. Records are not parsed here: one that cannot be read must
 * neither stop the others nor vanish. The seal is not checked here: the key depends on the header.
 */
export function readBatch(bytes: Uint8Array, sha256: Sha256): BatchReading {
  if (bytes.length > BATCH_BYTES_MAX) {
    return refuse('BATCH_TOO_LARGE', `${bytes.length} bytes, at most ${BATCH_BYTES_MAX}`);
  }
  const parts = splitLines(bytes);
  if (parts === undefined) return refuse('BATCH_MALFORMED', 'does not end in a newline');
  if (parts.length > BATCH_RECORDS_MAX + 2) {
    return refuse('BATCH_TOO_LARGE', `more than ${BATCH_RECORDS_MAX} lines`);
  }
  const headerBytes = parts[0];
  const sealBytes = parts.at(-1);
  if (headerBytes === undefined || sealBytes === undefined || parts.length < 2) {
    return refuse('BATCH_MALFORMED', 'needs a header and a seal');
  }
  const header = batchHeaderSchema.safeParse(parseJson(headerBytes));
  if (!header.success) return refuse('BATCH_MALFORMED', 'the first line is not a batch header');
  const seal = sealSchema.safeParse(parseJson(sealBytes));
  if (!seal.success) return refuse('BATCH_MALFORMED', 'the last line is not a seal');
  const { fromSeq, toSeq, prev } = header.data;
  const bodies = parts.slice(1, -1);
  if (toSeq - fromSeq + 1 !== bodies.length) {
    return refuse('BATCH_MALFORMED', `${bodies.length} lines for seq ${fromSeq} to ${toSeq}`);
  }
  let hash = fromHex(prev, 32) ?? new Uint8Array(32);
  const records: LogRecord[] = [];
  for (const [index, body] of bodies.entries()) {
    if (body.length > RECORD_BYTES_MAX) {
      return refuse('BATCH_TOO_LARGE', `line ${index + 1} has ${body.length} bytes`);
    }
    hash = recordHash({ previous: hash, bytes: body, sha256 });
    records.push({ seq: fromSeq + index, bytes: body, hash });
  }
  if (toHex(hash) !== seal.data.head) {
    return refuse('CHAIN_BROKEN', 'the chain of the lines does not end in the sealed head');
  }
  const opened = openSeal(seal.data, { headerBytes, sha256 });
  return { ok: true, batch: { header: header.data, records, head: hash, seal: opened } };
}

/** What a seal signs, and by which key it says so. */
export function openSeal(
  { key, head, sig }: z.infer<typeof sealSchema>,
  { headerBytes, sha256 }: { headerBytes: Uint8Array; sha256: Sha256 },
): Seal {
  const headBytes = fromHex(head, 32) ?? new Uint8Array(32);
  return {
    key: fromHex(key, 32) ?? new Uint8Array(32),
    signature: fromHex(sig, 64) ?? new Uint8Array(64),
    message: sealMessage({ headerBytes, head: headBytes, sha256 }),
  };
}

/** Whether the gate that the header names sealed exactly these bytes. */
export function sealHolds(
  { seal }: Pick<Batch, 'seal'>,
  { gateKey, verify }: { gateKey: Uint8Array; verify: Verify },
): boolean {
  if (!equalBytes(seal.key, gateKey)) return false;
  const { message, signature } = seal;
  return signatureHolds(verify, { algorithm: 'Ed25519', publicKey: gateKey, message, signature });
}

/** Reads the bytes of a record, or says why they are none. */
export function readRecord({
  seq: place,
  bytes,
}: LogRecord): { ok: true; record: GateRecord } | { ok: false; detail: string } {
  const parsed = recordSchema.safeParse(parseJson(bytes));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { ok: false, detail: `${issue?.path.join('.')}: ${issue?.message}` };
  }
  if (parsed.data.seq !== place) {
    return { ok: false, detail: `says seq ${parsed.data.seq} in the place of ${place}` };
  }
  return { ok: true, record: parsed.data };
}

function refuse(reason: BatchRefusal, detail: string): BatchReading {
  return { ok: false, reason, detail };
}

/** Splits at each LF; stops one line past the limit, because a megabyte can be a million lines. */
function splitLines(bytes: Uint8Array): Uint8Array[] | undefined {
  if (bytes.at(-1) !== LF) return undefined;
  const lines: Uint8Array[] = [];
  let from = 0;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, from)) {
    if (lines.length > BATCH_RECORDS_MAX + 2) break;
    lines.push(bytes.subarray(from, at));
    from = at + 1;
  }
  return lines;
}

export function parseJson(line: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch {
    // Not JSON is an ordinary answer here: the schema refuses undefined with a reason.
    return undefined;
  }
}
