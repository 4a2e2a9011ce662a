/**
 * The gate's HTTP client: sends batches, fetches lists. Every answer has a size limit and a time
 * limit; what arrives is checked by its schema or its signature, never believed because of where it
 * came from, so a wrong clock (which breaks TLS) or a proxy in between can delay but not deceive.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { DENY_ID_BYTES } from '@stile/protocol/deny-list.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { LIST_BYTES_MAX, openList, type RootKey } from '@stile/protocol/signed-list.ts';
import { type BatchReply, batchReplySchema } from '@stile/protocol/sync.ts';
import {
  type DenyDelta,
  type DenySnapshotHead,
  denyDeltaSchema,
  denySnapshotSchema,
  type TrustList,
  trustListSchema,
} from '@stile/protocol/trust-list.ts';
import { type Answer, exchange } from './exchange.ts';

/** Largest reply to a batch: 500 rulings. */
const REPLY_BYTES_MAX = 256 * 1024;
/** Largest snapshot: ten million entries and their head. */
export const SNAPSHOT_BYTES_MAX = 10_000_000 * DENY_ID_BYTES + LIST_BYTES_MAX;

export type BatchAnswer =
  | { kind: 'replied'; reply: BatchReply }
  /** Settlement has judged the batch as a whole and will say the same again. */
  | { kind: 'refused'; status: number; message: string };

export type UplinkOptions = { url: string; timeoutMs: number; rootKeys: readonly RootKey[] };

/** A failed exchange, with what the server said about when to come back. */
export class UplinkFault extends Fault {
  readonly retryAfterMs: number | null;

  constructor(message: string, retryAfterMs: number | null, cause?: unknown) {
    super(retryAfterMs === null ? 'UPLINK_UNREACHABLE' : 'UPLINK_BUSY', message, cause);
    this.retryAfterMs = retryAfterMs;
  }
}

export type Uplink = ReturnType<typeof createUplink>;

export function createUplink(options: UplinkOptions) {
  const { url, timeoutMs, rootKeys } = options;
  const base = url.endsWith('/') ? url : `${url}/`;

  async function ask(
    path: string,
    bytesMax: number,
    init: { headers?: Record<string, string>; body?: Uint8Array } = {},
  ): Promise<Answer> {
    let answer: Answer;
    try {
      answer = await exchange(new URL(path, base), {
        method: init.body === undefined ? 'GET' : 'POST',
        headers: init.headers ?? {},
        body: init.body ?? null,
        timeoutMs,
        bytesMax,
      });
    } catch (error) {
      throw new UplinkFault(`no answer from ${base}: ${describeError(error)}`, null, error);
    }
    const { status, headers } = answer;
    if (status === 429 || status >= 500) {
      const says = `settlement answers ${status} to ${path}`;
      throw new UplinkFault(says, retryAfterMs(headers['retry-after']));
    }
    // A portal in between that wants somebody to log in is no settlement.
    if (status >= 300 && status < 400 && status !== 304) {
      throw new UplinkFault(`${base} leads elsewhere (${status})`, null);
    }
    return answer;
  }

  return {
    async sendBatch(gate: string, batch: Uint8Array): Promise<BatchAnswer> {
      const answer = await ask(`v1/gates/${gate}/batches`, REPLY_BYTES_MAX, {
        headers: { 'content-type': 'application/x-ndjson' },
        body: batch,
      });
      const json = parseJson(answer.body);
      if (answer.status === 200) {
        const parsed = batchReplySchema.safeParse(json);
        if (parsed.success) return { kind: 'replied', reply: parsed.data };
        throw new UplinkFault('settlement answers a batch with something else', null);
      }
      return { kind: 'refused', status: answer.status, message: messageOf(json) };
    },

    /** The trust list, or null where it has not changed since `etag`. */
    async fetchTrust(
      etag: string | null,
    ): Promise<{ list: TrustList; jws: string; etag: string | null } | null> {
      const answer = await ask('v1/trust-list', LIST_BYTES_MAX, {
        headers: etag === null ? {} : { 'if-none-match': etag },
      });
      // Without a question "changed since?" this answer says nothing.
      if (answer.status === 304 && etag !== null) return null;
      if (answer.status !== 200) throw refused('the trust list', answer);
      const jws = textOf(answer.body);
      const list = await openList('stile-trust-list+jws', jws, rootKeys, trustListSchema);
      return { list, jws, etag: answer.headers.etag?.toString() ?? null };
    },

    /** The step from `from` to the list in force; 'snapshot' where there is none. */
    async fetchDelta(from: number): Promise<DenyDelta | 'current' | 'snapshot'> {
      const answer = await ask(`v1/deny-list/delta?from=${from}`, LIST_BYTES_MAX);
      if (answer.status === 204) return 'current';
      if (answer.status === 410) return 'snapshot';
      if (answer.status !== 200) throw refused('a deny delta', answer);
      return await openList('stile-deny-delta+jws', textOf(answer.body), rootKeys, denyDeltaSchema);
    },

    async fetchSnapshot(): Promise<{ head: DenySnapshotHead; body: Uint8Array }> {
      const answer = await ask('v1/deny-list/snapshot', SNAPSHOT_BYTES_MAX);
      if (answer.status !== 200) throw refused('the deny snapshot', answer);
      return await openSnapshot(answer.body, rootKeys);
    },
  };
}

/** Takes a snapshot file apart: signed head, LF, then exactly the ids that the head covers. */
export async function openSnapshot(
  file: Uint8Array,
  rootKeys: readonly RootKey[],
): Promise<{ head: DenySnapshotHead; body: Uint8Array }> {
  const end = file.indexOf(0x0a);
  const jws = textOf(file.subarray(0, Math.max(0, Math.min(end, LIST_BYTES_MAX))));
  const head = await openList('stile-deny-snapshot+jws', jws, rootKeys, denySnapshotSchema);
  const body = file.subarray(end + 1);
  if (body.length !== head.count * DENY_ID_BYTES || toHex(sha256(body)) !== head.bodySha256) {
    throw new Fault('LIST_REFUSED', 'deny snapshot refused: its body is not the signed one');
  }
  return { head, body };
}

function retryAfterMs(header: string | string[] | undefined): number | null {
  // The other form is a date, which a gate with a wrong clock would misread.
  return typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) * 1000 : null;
}

function refused(what: string, answer: Answer): Fault {
  const message = messageOf(parseJson(answer.body));
  return new Fault('UPLINK_REFUSED', `settlement refuses ${what}: ${answer.status} ${message}`);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes));
  } catch {
    // A body that is not JSON says nothing; the status has said enough.
    return undefined;
  }
}

function messageOf(json: unknown): string {
  const message = json !== null && typeof json === 'object' && 'message' in json && json.message;
  return typeof message === 'string' ? message.slice(0, 300) : '';
}
