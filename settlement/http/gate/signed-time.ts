/**
 * The signed time of a response to a gate (protocol/README.md §8): whoever sends a nonce learns with whatever it asked
 * for how wrong its own clock is. Only what was granted carries it, within the limits of its route.
 */
import { NONCE_HEADER, nonceSchema, RECEIPT_HEADER, TIME_HEADER } from '@stile/protocol/sync.ts';
import type { ApiParts, ApiRouter } from '../api.ts';

const GATE_TAG = 'gate';
/** Refusals carry none: they may cost less than a signature does. */
const STATUS_REFUSED_MIN = 400;

/** For all routes that are added behind it. A batch's receipt says the time itself. */
export function addSignedTime(
  app: ApiRouter,
  { answers, operatorKeys, clock }: Pick<ApiParts, 'answers' | 'operatorKeys' | 'clock'>,
): void {
  app.addHook('onSend', async (request, reply) => {
    const tags = request.routeOptions.schema?.tags ?? [];
    if (!tags.includes(GATE_TAG) || reply.statusCode >= STATUS_REFUSED_MIN) return;
    if (reply.hasHeader(RECEIPT_HEADER)) return;
    const nonce = nonceSchema.safeParse(request.raw.headers[NONCE_HEADER]);
    if (!nonce.success) return;
    const atMs = clock.now().wallMs;
    // Lists are served past the end of the last key: a time that nobody may sign must not keep them back.
    if (!operatorKeys.canSignAt(Math.floor(atMs / 1000))) return;
    const time = { stile: 'gate-time/1', atMs, nonce: nonce.data } as const;
    void reply.header(TIME_HEADER, await answers.signTime(time));
  });
}
