/** A person ends the waiting of parked records, one or all of an epoch, and reads what was decided. */
import { fromHex } from '@stile/protocol/bytes.ts';
import { Fault } from '@stile/protocol/fault.ts';
import {
  type ParkedWord,
  parkedWordSchema,
  type Resolved,
  resolutionViewSchema,
  resolutionWordSchema,
  resolvedSchema,
} from '@stile/protocol/http/parked-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { z } from 'zod';
import type { ResolveRefusal } from '../../core/parked/parked-record.ts';
import type { ResolutionHow } from '../../core/parked/resolution-changes.ts';
import type { ResolvedRecords } from '../../store/port.ts';
import { operatorFrom, requireOperator } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';

/** Records that one request resolves, each in a transaction of its own. */
const RECORDS_MAX = 100;
const PAGE_MAX = 500;
const HASH_BYTES = 32;

const WORDS: Record<ResolveRefusal, string> = {
  NOT_PARKED: 'this record is not parked (any more): see settlement taps',
  RESOLVED_OTHERWISE: 'this was resolved in another way before: see settlement parked --resolved',
  NOT_OFFERED: 'what it is parked for cannot end so: see "offers" in settlement parked',
  EARLIER_FIRST: 'the record before it in its chain is parked too: resolve that first',
  PASS_NOT_SAFE: "nothing proves that the account is the rider's: it can only be written off",
};

export function addParked(app: ApiRouter, parts: ApiParts): void {
  const { store } = parts;
  const resolve = resolverOf(parts);
  const of = (summary: string) => ({ summary, tags: ['operator'], security: [{ operator: [] }] });
  const response = { 200: resolvedSchema, 401: refusalSchema, 404: refusalSchema };
  app.post(
    '/v1/operator/parked/replays',
    {
      onRequest: requireOperator(parts),
      schema: {
        ...of('Judge parked records again, by what is known now'),
        body: parkedWordSchema,
        response: { ...response, 409: refusalSchema },
      },
    },
    async (request) =>
      await resolve('REPLAY', { word: request.body, by: operatorFrom(request).name }),
  );
  app.post(
    '/v1/operator/parked/resolutions',
    {
      onRequest: requireOperator(parts, 'ADMIN'),
      schema: {
        ...of('Adopt parked records, let their passes count, or write them off; for ever'),
        body: resolutionWordSchema,
        response: { ...response, 403: refusalSchema, 409: refusalSchema },
      },
    },
    async (request) => {
      const { how, ...word } = request.body;
      return await resolve(how, { word, by: operatorFrom(request).name });
    },
  );
  app.get(
    '/v1/operator/parked/resolutions',
    {
      onRequest: requireOperator(parts),
      schema: {
        ...of('What was decided about parked records, by whom and why'),
        querystring: z.object({
          after: z.coerce.number().int().min(0).default(0),
          limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_MAX),
        }),
        response: { 200: z.array(resolutionViewSchema), 401: refusalSchema },
      },
    },
    async (request) => [...(await store.listResolutions(request.query))],
  );
}

function resolverOf({ store, clock, outbox, log }: ApiParts) {
  return async (
    how: ResolutionHow,
    { word, by }: { word: ParkedWord; by: string },
  ): Promise<Resolved> => {
    const { gate, epoch, note, seq = null, fromSeq = 1 } = word;
    const hash = word.hash === undefined ? null : (fromHex(word.hash, HASH_BYTES) ?? null);
    if (hash !== null && seq === null) {
      throw new Fault('REQUEST_INVALID', 'hash: names one of several at a seq, which is missing');
    }
    const query = { gate, epoch, fromSeq, seq, hash, limit: RECORDS_MAX };
    const request = { how, by, note, nowMs: clock.now().wallMs };
    const { records, before, nextSeq } = await store.resolveParked({ query, request });
    if (records.length === 0) return doneBefore(how, { before, isFirstPage: fromSeq === 1 });
    const resolved = resolvedOf(records);
    const [refusal] = resolved.refused;
    if (seq !== null && refusal !== undefined && resolved.refused.length === records.length) {
      throw new Refusal(refusal.reason, WORDS[refusal.reason]);
    }
    log.warn({ how, gate, epoch, resolved: resolved.resolved }, 'parked records were resolved');
    outbox.wake();
    return { ...resolved, nextSeq };
  };
}

/** The same once more says that it is done; of what was never parked there is nothing to say. */
function doneBefore(
  how: ResolutionHow,
  { before, isFirstPage }: { before: ResolvedRecords['before']; isFirstPage: boolean },
): Resolved {
  if (before.length === 0) throw new Fault('NOT_FOUND', 'nothing is parked there');
  const same = before.find((word) => word.how === how);
  if (same === undefined) throw new Refusal('RESOLVED_OTHERWISE', WORDS.RESOLVED_OTHERWISE);
  // Whoever goes on behind a page has had those before it.
  return { resolved: 0, already: isFirstPage ? same.records : 0, refused: [], nextSeq: null };
}

function resolvedOf(records: ResolvedRecords['records']) {
  const refused: { seq: number; reason: ResolveRefusal }[] = [];
  let [resolved, already] = [0, 0];
  for (const { seq, result } of records) {
    if (result.kind === 'resolved') resolved += 1;
    if (result.kind === 'already') already += 1;
    if (result.kind === 'refused') refused.push({ seq, reason: result.reason });
  }
  return { resolved, already, refused };
}
