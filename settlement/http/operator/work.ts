/** Work behind commits that fails: what an operator sees of it, and has tried again at once. */
import {
  failedWorkSchema,
  retriedWorkSchema,
  retryWorkSchema,
} from '@stile/protocol/http/operator-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { z } from 'zod';
import { isAlarming } from '../../core/rides/failed-work.ts';
import { requireOperator } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';

const ROWS_MAX = 500;
const security = [{ operator: [] }];
const tags = ['operator'];

export function addOperatorWork(app: ApiRouter, parts: ApiParts): void {
  const { store, outbox, clock } = parts;
  const onRequest = requireOperator(parts);
  app.get(
    '/v1/operator/failed-work',
    {
      onRequest,
      schema: {
        summary: 'Work that fails, with why and when it is tried next; the oldest first',
        tags,
        security,
        response: { 200: z.array(failedWorkSchema), 401: refusalSchema },
      },
    },
    async () => {
      const nowMs = clock.now().wallMs;
      const rows = await store.listFailedWork(ROWS_MAX);
      return rows.map((row) => ({ ...row, alarm: isAlarming(row.failedSinceMs, nowMs) }));
    },
  );
  app.post(
    '/v1/operator/failed-work/retries',
    {
      onRequest,
      schema: {
        summary: 'Try failed work again at once, one or all of it',
        description: '`retried` 0: it does not fail, or not any more.',
        tags,
        security,
        body: retryWorkSchema,
        response: { 200: retriedWorkSchema, 401: refusalSchema },
      },
    },
    async (request) => {
      const { id = null } = request.body;
      const retried = await store.retryFailedWork(id);
      outbox.wake();
      return { retried };
    },
  );
}
