/**
 * The HTTP server without its port: plugins, limits, who may ask what, and the OpenAPI document that is
 * made from the routes' own schemas. It logs routes and times, never bodies, addresses or tokens.
 */
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import { Fault } from '@stile/protocol/fault.ts';
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Challenges } from '../challenges.ts';
import type { Clock } from '../clock.ts';
import type { SettlementFile } from '../data-dir.ts';
import type { Jobs } from '../jobs.ts';
import type { Passes } from '../passes.ts';
import type { Publisher } from '../publish.ts';
import type { Store } from '../store.ts';
import type { VerifyPool } from '../verify-pool.ts';
import { addGateRoutes } from './gates.ts';
import { addListRoutes } from './lists.ts';
import { addOperatorRoutes } from './operator.ts';
import { addOperatorViews } from './operator-views.ts';
import { answerError, refusalSchema } from './refusal.ts';
import { addRiderRoutes } from './riders.ts';

const BODY_BYTES_MAX = 16 * 1024;
const REQUEST_MS_MAX = 30_000;

export type ApiParts = {
  store: Store;
  publisher: Publisher;
  passes: Passes;
  pool: VerifyPool;
  challenges: Challenges;
  jobs: Jobs;
  config: SettlementFile;
  operatorTokenHash: string;
  clock: Clock;
  log: Logger;
  version: string;
};

export type Api = Awaited<ReturnType<typeof buildApi>>;

export async function buildApi(parts: ApiParts) {
  const { config, log, version } = parts;
  const app = Fastify({
    // pino's Logger is what Fastify's type describes, less exactly.
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerError(log));
  app.setNotFoundHandler(() => {
    throw new Fault('NOT_FOUND', 'there is no such route');
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    const ms = Math.round(reply.elapsedTime);
    log.debug({ method, route: routeOptions.url, status: reply.statusCode, ms }, 'request');
  });
  await app.register(helmet);
  const max = config.http.requestsPerMinute;
  await app.register(rateLimit, { max, timeWindow: '1 minute' });
  await app.register(swagger, { openapi: describe(version), transform: jsonSchemaTransform });
  // Routes go into a plugin of their own, so that the ones before it see each of them.
  await app.register((api, _options, done) => {
    const typed = api.withTypeProvider<ZodTypeProvider>();
    addListRoutes(typed, parts);
    addGateRoutes(typed, parts);
    addRiderRoutes(typed, parts);
    addOperatorRoutes(typed, parts);
    addOperatorViews(typed, parts);
    typed.get(
      '/v1/health',
      {
        schema: {
          summary: 'Whether settlement runs, and which version of it',
          tags: ['public'],
          response: { 200: z.object({ ok: z.boolean(), version: z.string() }) },
        },
      },
      async () => ({ ok: true, version }),
    );
    typed.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
    done();
  });
  await app.ready();
  return app;
}

function describe(version: string) {
  return {
    openapi: '3.1.0' as const,
    info: {
      title: 'Stile settlement',
      description: `Errors are always ${Object.keys(refusalSchema.shape).join(' and ')} as JSON.`,
      version,
    },
    tags: [
      { name: 'gate', description: 'what gates ask; seals and signatures are the credentials' },
      { name: 'rider', description: 'what phones ask; proofs of possession open sessions' },
      { name: 'operator', description: "behind the operator's token" },
      { name: 'public', description: 'open to all' },
    ],
    components: {
      securitySchemes: {
        session: { type: 'http' as const, scheme: 'bearer', description: "a rider's session" },
        operator: { type: 'http' as const, scheme: 'bearer', description: "the operator's token" },
      },
    },
  };
}
