/**
 * The one error class for "the world failed": a disk, a network, a device, a file that a person wrote.
 * Expected outcomes (a bad code, a refused tap) are values, never a Fault; our own bugs are asserts.
 */

/** What each fault means to a caller: is trying again of use, and which HTTP status says it. */
export const FAULT_TABLE = {
  CONFIG_INVALID: { retry: false, status: 500 },
  FILE_UNREADABLE: { retry: false, status: 500 },
  STORE_FAILED: { retry: false, status: 503 },
  STORE_FULL: { retry: false, status: 507 },
  STORE_CORRUPT: { retry: false, status: 500 },
  SCANNER_UNAVAILABLE: { retry: true, status: 503 },
  BARRIER_UNAVAILABLE: { retry: true, status: 503 },
  UPLINK_UNREACHABLE: { retry: true, status: 503 },
  UPLINK_BUSY: { retry: true, status: 503 },
  UPLINK_REFUSED: { retry: false, status: 502 },
  LIST_REFUSED: { retry: true, status: 502 },
  ANSWER_REFUSED: { retry: true, status: 502 },
  REQUEST_INVALID: { retry: false, status: 400 },
  BODY_TOO_LARGE: { retry: false, status: 413 },
  UNAUTHENTICATED: { retry: false, status: 401 },
  FORBIDDEN: { retry: false, status: 403 },
  NOT_FOUND: { retry: false, status: 404 },
  CONFLICT: { retry: false, status: 409 },
  PROOF_REFUSED: { retry: false, status: 403 },
  /** A key has come to its end: nothing is signed past it. */
  KEY_ENDED: { retry: false, status: 503 },
  TOO_MANY_REQUESTS: { retry: true, status: 429 },
} as const satisfies Record<string, { retry: boolean; status: number }>;

export type FaultCode = keyof typeof FAULT_TABLE;

/** A failure of the world. Callers test `code`, never the message; the message is for a person. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;

  /** @param options `cause`: what was thrown below, as with every Error. */
  constructor(code: FaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }

  /** Whether the same call may succeed later without anybody changing anything. */
  get retry(): boolean {
    return FAULT_TABLE[this.code].retry;
  }
}

/** Reads what any thrown value has to say, for a log line or a person. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** States what our own code guarantees. No input from outside may be able to trip it. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`Bug: ${what}`);
}
