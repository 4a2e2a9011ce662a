/**
 * The HTTP server without its port: plugins, limits, who may ask what, and the OpenAPI document that is
 * made from the routes' own schemas. It logs routes and times, never bodies, addresses or tokens.
 */
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { fastifySSE } from '@fastify/sse';
import swagger from '@fastify/swagger';
import { wallS } from '@stile/host/clock.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { type Health, healthSchema } from '@stile/protocol/http/rider-api.ts';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { SharedCounts } from '../work/queue/shared-counts.ts';
import {
  createAddressStore,
  createAllowanceOf,
  createAllowances,
  refuseTooMany,
} from './allowance.ts';
import type { ApiParts, ApiRouter } from './api.ts';
import { capConnections } from './connections.ts';
import { addEventRoutes, HEARTBEAT_MS } from './events.ts';
import { addAuthorisationRoutes } from './gate/authorisations.ts';
import { addBatchRoutes } from './gate/batches.ts';
import { addGateEnrolment } from './gate/enrolment.ts';
import { addListRoutes } from './gate/lists.ts';
import { addSignedTime } from './gate/signed-time.ts';
import { addStrictBodies } from './json-body.ts';
import { addOrderRoutes } from './merchant/orders.ts';
import { addMerchantRoutes } from './merchant/payments.ts';
import { addActLog } from './operator/acts.ts';
import { addOperatorRoutes } from './operator/changes.ts';
import { addInviteRoutes } from './operator/invites.ts';
import { addOperatorLists } from './operator/lists.ts';
import { addLostGates } from './operator/lost-gates.ts';
import { addOperatorMerchants } from './operator/merchants.ts';
import { addMetrics } from './operator/metrics.ts';
import { addMoves } from './operator/moves.ts';
import { addOperators } from './operator/operators.ts';
import { addParked } from './operator/parked.ts';
import { addOperatorViews } from './operator/views.ts';
import { addOperatorWork } from './operator/work.ts';
import { addPages } from './pages.ts';
import { respondRefused } from './refusal.ts';
import { addNotFound, refuseHead } from './request-head.ts';
import { addAccountRoutes } from './rider/account.ts';
import { addCodeRoutes } from './rider/codes.ts';
import { addRiderEnrolment } from './rider/enrolment.ts';
import { addRiderOrderRoutes } from './rider/orders.ts';
import { addPassRoutes, createProofCheck } from './rider/passes.ts';
import { addRecoveryRoutes } from './rider/recovery.ts';
import { createUnreadable } from './unreadable.ts';

const BODY_BYTES_MAX = 16 * 1024;
const REQUEST_MS_MAX = 30_000;

/** Answers of the API are data: no browser renders, frames or runs any of them. Pages have their own. */
const HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  // Settlement speaks plain HTTP; whatever ends TLS before it says this.
  strictTransportSecurity: false,
};

export type Api = Awaited<ReturnType<typeof buildApi>>;

/** `sharedCounts`: what all processes have counted; null: this one is alone. */
type AppOptions = Omit<ApiParts, 'allowances' | 'allowanceOf' | 'publicUrl'> & {
  sharedCounts: SharedCounts | null;
};

export async function buildApi(options: AppOptions) {
  const { config, log, streams, webDir, clock } = options;
  const { trustedProxies } = config.http;
  const unreadable = createUnreadable({ log, clock });
  const app = Fastify({
    // pino's Logger is what Fastify's type describes, less exactly.
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    trustProxy: trustedProxies.length > 0 ? trustedProxies : false,
    requestTimeout: REQUEST_MS_MAX,
    // Node's own refusal would be an empty one.
    http: { requireHostHeader: false },
    clientErrorHandler: unreadable.refuse,
    // A path that leads to no route goes past the hooks; it counts all the same.
    frameworkErrors: (error, request, reply) => {
      const refuse = (refused: FastifyError) =>
        respondRefused(reply, { error: refused, request, log });
      void countRequest(request, reply).then(() => refuse(error), refuse);
    },
  }).withTypeProvider<ZodTypeProvider>();
  // Never from a request: whoever sends one would say where riders are led to.
  const publicUrl = () => config.http.publicUrl ?? app.listeningOrigin;
  const allowanceOf = createAllowanceOf(clock, options.sharedCounts);
  const allowances = createAllowances(config, allowanceOf);
  const parts = { ...options, allowances, allowanceOf, publicUrl };
  capConnections(app.server, config.http);
  unreadable.watch(app.server);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler<FastifyError | Error>((error, request, reply) =>
    respondRefused(reply, { error, request, log }),
  );
  addStrictBodies(app);
  app.addHook('onSend', async (_request, reply) => {
    // What a route says of itself may be kept; nothing else may, by anyone on the way.
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    const ms = Math.round(reply.elapsedTime);
    log.debug({ method, route: routeOptions.url, status: reply.statusCode, ms }, 'request');
  });
  await app.register(helmet, HEADERS);
  const countRequest = await addLimit(app, options);
  app.addHook('onRequest', async (request) => refuseHead(request));
  addNotFound(app);
  await app.register(fastifySSE, { heartbeatInterval: HEARTBEAT_MS });
  // Open streams would keep a server from closing.
  app.addHook('preClose', async () => streams.endAll());
  const openapi = describe(parts.version);
  await app.register(swagger, { openapi, transform: jsonSchemaTransform });
  // Routes go into a plugin of their own, so that the ones before it see each of them.
  await app.register((api, _options, done) => {
    addActLog(api, parts);
    addSignedTime(api.withTypeProvider<ZodTypeProvider>(), parts);
    addRoutes(api.withTypeProvider<ZodTypeProvider>(), parts);
    api.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
    addPages(api, webDir);
    done();
  });
  await app.ready();
  return app;
}

/**
 * What one address may ask, whoever it says it is: looked at before any credential, so that guessing
 * one is limited as well. Routes that cost more have a limit of their own besides.
 */
async function addLimit(
  app: FastifyInstance,
  { config, sharedCounts }: Pick<AppOptions, 'config' | 'sharedCounts'>,
) {
  await app.register(rateLimit, {
    global: false,
    max: config.http.requestsPerMinute,
    timeWindow: '1 minute',
    ...(sharedCounts !== null && { store: createAddressStore(sharedCounts) }),
  });
  const count = app.createRateLimit();
  const countRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const counted = await count(request);
    if (!counted.isAllowed && counted.isExceeded) refuseTooMany(reply, counted.ttlInSeconds);
  };
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.rateLimit === false) return;
    await countRequest(request, reply);
  });
  return countRequest;
}

function addRoutes(app: ApiRouter, parts: ApiParts): void {
  addListRoutes(app, parts);
  addGateEnrolment(app, parts);
  addBatchRoutes(app, parts);
  addAuthorisationRoutes(app, parts);
  const withProofs = { ...parts, checkProof: createProofCheck(parts) };
  addRiderEnrolment(app, withProofs);
  addPassRoutes(app, withProofs);
  addRecoveryRoutes(app, withProofs);
  addAccountRoutes(app, parts);
  addCodeRoutes(app, withProofs);
  addRiderOrderRoutes(app, withProofs);
  addMerchantRoutes(app, parts);
  addOrderRoutes(app, parts);
  addEventRoutes(app, parts);
  addOperatorRoutes(app, parts);
  addLostGates(app, parts);
  addInviteRoutes(app, parts);
  addMoves(app, parts);
  addOperatorMerchants(app, parts);
  addOperatorLists(app, parts);
  addOperatorViews(app, parts);
  addOperators(app, parts);
  addOperatorWork(app, parts);
  addParked(app, parts);
  addMetrics(app, parts);
  const { version, clock, operatorKeys } = parts;
  const topUps = topUpsOf(parts);
  app.get(
    '/v1/health',
    {
      schema: {
        summary:
          "Whether settlement runs, which version of it, and its clock (a phone's may be wrong)",
        tags: ['public'],
        response: { 200: healthSchema },
      },
    },
    async () => ({
      ok: true,
      version,
      nowS: wallS(clock),
      topUps,
      signing: operatorKeys.health(),
    }),
  );
}

function topUpsOf({ topUpProvider, config }: ApiParts): Health['topUps'] {
  if (topUpProvider === null) return 'off';
  return config.topUps.mode === 'sandbox' ? 'sandbox' : 'provider';
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
      { name: 'merchant', description: "what tills ask, behind a merchant's token" },
      { name: 'operator', description: "behind the operator's token" },
      { name: 'public', description: 'open to all' },
    ],
    components: {
      securitySchemes: {
        session: { type: 'http' as const, scheme: 'bearer', description: "a rider's session" },
        merchant: { type: 'http' as const, scheme: 'bearer', description: "a merchant's token" },
        operator: { type: 'http' as const, scheme: 'bearer', description: "the operator's token" },
        gate: {
          type: 'apiKey' as const,
          in: 'header' as const,
          name: 'stile-signature',
          description:
            "the gate key's signature over the body; if there is none, over path and challenge",
        },
      },
    },
  };
}
