/**
 * What a gate says on its verdict port (hardware/README.md §5): one JSON object and a line feed for each
 * presentation, ASCII. It names a scan by a digest, so that nobody who listens can ride with it.
 */
import { createHash } from 'node:crypto';

/** Longer than any message; a program that sends more without a line feed is no gate. */
export const MESSAGE_BYTES_MAX = 512;
export const SCAN_DIGEST_CHARS = 16;
const LF = 0x0a;

export type VerdictMessage = {
  /** The first 8 bytes of the scan text's SHA-256 as hex; null if the gate does not know any more. */
  scan: string | null;
  /** `asking`: settlement is asked, the verdict follows. `repeat`: still held, not judged again. */
  verdict: 'open' | 'refuse' | 'asking' | 'repeat';
  reason: string | null;
  /** What the display says with it. */
  words: readonly [string, string];
  /** How long the barrier stays open; 0 if it does not open. */
  openMs: number;
};

const VERDICTS = ['open', 'refuse', 'asking', 'repeat'] as const;

export function digestScan(scan: Uint8Array): string {
  return createHash('sha256').update(scan).digest('hex').slice(0, SCAN_DIGEST_CHARS);
}

export function encodeVerdict({
  scan,
  verdict,
  reason,
  words,
  openMs,
}: VerdictMessage): Uint8Array {
  return Buffer.from(`${JSON.stringify({ scan, verdict, reason, words, openMs })}\n`);
}

export type VerdictDecoder = {
  /** Takes the next bytes, in any chunking; gives the messages that they complete. */
  push(chunk: Uint8Array): VerdictMessage[];
};

/** What is no message is passed over. */
export function createVerdictDecoder(): VerdictDecoder {
  let pending: number[] = [];
  return {
    push(chunk) {
      const messages: VerdictMessage[] = [];
      for (const byte of chunk) {
        if (byte !== LF) {
          if (pending.length <= MESSAGE_BYTES_MAX) pending.push(byte);
          continue;
        }
        const message =
          pending.length > MESSAGE_BYTES_MAX ? undefined : readMessage(Buffer.from(pending));
        if (message !== undefined) messages.push(message);
        pending = [];
      }
      return messages;
    },
  };
}

function readMessage(bytes: Buffer): VerdictMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('latin1'));
  } catch {
    // Half a message: the port was opened in the middle of it.
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { scan, verdict, reason, words, openMs } = value as Record<string, unknown>;
  const known = VERDICTS.find((one) => one === verdict);
  const [first, second] = Array.isArray(words) ? (words as unknown[]) : [];
  if (known === undefined || typeof first !== 'string' || typeof second !== 'string')
    return undefined;
  return {
    scan: typeof scan === 'string' ? scan : null,
    verdict: known,
    reason: typeof reason === 'string' ? reason : null,
    words: [first, second],
    openMs: typeof openMs === 'number' ? openMs : 0,
  };
}
