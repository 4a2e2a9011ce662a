/**
 * The two headers in which a gate says what batch follows: its first line, and its last, which seals it. So a
 * stranger is refused before a byte of the body is read, and the body can only be the one that was sealed
 * (protocol/README.md §7).
 */
import { concatBytes, equalBytes, type Sha256, utf8 } from './bytes.ts';
import {
  BATCH_BYTES_MAX,
  type BatchHeader,
  batchHeaderSchema,
  openSeal,
  parseJson,
  RECORD_BYTES_MAX,
  type Seal,
  sealSchema,
} from './gate-log.ts';

export const BATCH_HEADER = 'stile-batch';
export const SEAL_HEADER = 'stile-seal';
/** Of each of the two. */
export const ANNOUNCED_CHARS_MAX = 1_024;

const LF = 0x0a;

/** The two lines of a batch that is about to be sent, as text. */
export type Announcement = { first: string; last: string };

/** A batch of which only the frame is known. */
export type AnnouncedBatch = {
  header: BatchHeader;
  seal: Seal;
  records: number;
  /** More bytes than that no batch of so many records has. */
  bytesMax: number;
  /** What the body begins and ends with, their LF included. */
  firstLine: Uint8Array;
  lastLine: Uint8Array;
};

/** The headers that go with a batch. */
export function announce(batch: Uint8Array): Record<string, string> {
  const sealFrom = batch.lastIndexOf(LF, batch.length - 2) + 1;
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    [BATCH_HEADER]: decode(batch.subarray(0, Math.max(0, batch.indexOf(LF)))),
    [SEAL_HEADER]: decode(batch.subarray(sealFrom, batch.length - 1)),
  };
}

/** What is announced; undefined if it is no header and seal. Whether the seal holds is not looked at. */
export function readAnnouncement(
  { first, last }: Announcement,
  sha256: Sha256,
): AnnouncedBatch | undefined {
  if (first.length > ANNOUNCED_CHARS_MAX || last.length > ANNOUNCED_CHARS_MAX) return undefined;
  const headerBytes = utf8(first);
  const header = batchHeaderSchema.safeParse(parseJson(headerBytes));
  const seal = sealSchema.safeParse(parseJson(utf8(last)));
  if (!header.success || !seal.success) return undefined;
  const records = header.data.toSeq - header.data.fromSeq + 1;
  if (records < 0) return undefined;
  const newline = Uint8Array.of(LF);
  const firstLine = concatBytes(headerBytes, newline);
  const lastLine = concatBytes(utf8(last), newline);
  const bytes = firstLine.length + records * (RECORD_BYTES_MAX + 1) + lastLine.length;
  return {
    header: header.data,
    seal: openSeal(seal.data, { headerBytes, sha256 }),
    records,
    bytesMax: Math.min(bytes, BATCH_BYTES_MAX),
    firstLine,
    lastLine,
  };
}

/** Whether a body that has come so far can still be the announced one. */
export function beginsAsAnnounced(body: Uint8Array, { firstLine }: AnnouncedBatch): boolean {
  const bytes = Math.min(body.length, firstLine.length);
  return equalBytes(body.subarray(0, bytes), firstLine.subarray(0, bytes));
}

/** The chain between the two lines is `readBatch`'s to walk: the sealed head is its digest. */
export function isAsAnnounced(body: Uint8Array, announced: AnnouncedBatch): boolean {
  const { firstLine, lastLine } = announced;
  if (body.length < firstLine.length + lastLine.length) return false;
  const end = body.subarray(body.length - lastLine.length);
  return beginsAsAnnounced(body, announced) && equalBytes(end, lastLine);
}
