/** How this settlement stands, for a Prometheus that asks with the token of a READER. */
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { z } from 'zod';
import { requireOperator } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';
import { EXPOSITION_TYPE, writeExposition } from './exposition.ts';
import { gaugesOf, type Watched } from './gauges.ts';

export function addMetrics(app: ApiRouter, parts: ApiParts): void {
  app.get(
    '/v1/operator/metrics',
    {
      onRequest: requireOperator(parts),
      schema: {
        summary: 'Metrics in the text format of Prometheus: work that waits, lists, streams, queue',
        description:
          'Leader and streams are of the process that answers, all else is of the settlement. If Redis is away ' +
          '`stile_redis_up` says 0, and the rest stands.',
        tags: ['operator'],
        security: [{ operator: [] }],
        produces: ['text/plain'],
        response: { 200: z.string(), 401: refusalSchema },
      },
    },
    async (_request, reply) => {
      const text = writeExposition(gaugesOf(await look(parts)));
      return reply.type(EXPOSITION_TYPE).serializer(String).send(text);
    },
  );
}

async function look(parts: ApiParts): Promise<Watched> {
  const { store, publisher, streams, leader, countJobs, clock, version } = parts;
  const [load, topUp, jobs] = await Promise.all([
    store.readLoad(),
    store.findOldestOpenTopUp(),
    countJobs?.(),
  ]);
  const { list, time } = publisher.state();
  return {
    version,
    nowMs: clock.now().wallMs,
    isLeader: leader.term() !== null,
    load,
    topUps: { open: topUp?.open ?? 0, oldestMs: topUp?.begunAtMs ?? null },
    lists: list,
    isClockDoubted: time.doubt !== null,
    streams: streams.openStreams(),
    jobs,
  };
}
