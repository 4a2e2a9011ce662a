/** What routes may use, and the server that they are added to: beneath all of them. */
import type { Clock } from '@stile/host/clock.ts';
import type { Random } from '@stile/host/random.ts';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import type { SettlementFile } from '../config.ts';
import type { AnswerSigner } from '../keys/answer-signer.ts';
import type { TimeKeeper } from '../keys/kept-time.ts';
import type { OperatorKeys } from '../keys/operator-keys.ts';
import type { Passes } from '../keys/passes.ts';
import type { RecoveryCodes } from '../keys/recovery-codes.ts';
import type { SignedClock } from '../keys/signed-clock.ts';
import type { Store } from '../store/port.ts';
import type { Leader } from '../work/leader.ts';
import type { OutboxLoop } from '../work/outbox.ts';
import type { Publisher } from '../work/publisher.ts';
import type { CountJobs } from '../work/queue/count-jobs.ts';
import type { TopUpProvider } from '../work/top-up-provider.ts';
import type { VerifyPool } from '../work/verify-pool.ts';
import type { AllowanceOf, Allowances } from './allowance.ts';
import type { Challenges, SharedChallenges } from './challenges.ts';
import type { CodeIssue } from './code-issue.ts';
import type { CodePayments } from './code-payments.ts';
import type { EventStreams } from './event-streams.ts';
import type { EnrolmentPolicy } from './rider/enrolment-policy.ts';

export type ApiRouter = FastifyInstance<
  import('node:http').Server,
  import('node:http').IncomingMessage,
  import('node:http').ServerResponse,
  import('fastify').FastifyBaseLogger,
  ZodTypeProvider
>;

export type ApiParts = {
  store: Store;
  publisher: Publisher;
  /** What is signed goes by it. */
  signedClock: SignedClock;
  passes: Passes;
  operatorKeys: OperatorKeys;
  timeKeeper: Pick<TimeKeeper, 'keepNow'>;
  answers: AnswerSigner;
  pool: VerifyPool;
  challenges: Challenges;
  /** Null: no other process shares the database. */
  sharedChallenges: SharedChallenges | null;
  outbox: OutboxLoop;
  leader: Leader;
  /** Jobs on Redis; null: no Redis is used. */
  countJobs: CountJobs | null;
  codePayments: CodePayments;
  codeIssue: CodeIssue;
  recoveryCodes: RecoveryCodes;
  streams: EventStreams;
  /** What links for riders begin with. */
  publicUrl: () => string;
  /** Where the built pages lie. */
  webDir: string;
  config: SettlementFile;
  enrolmentPolicy: EnrolmentPolicy;
  /** Null: nobody can pay in. */
  topUpProvider: TopUpProvider | null;
  operatorTokenHash: string;
  /** The believed one (keys/signed-clock.ts); no route has the machine's own. */
  clock: Clock;
  random: Random;
  log: Logger;
  version: string;
  allowances: Allowances;
  /** For what one route counts. */
  allowanceOf: AllowanceOf;
};

/** The answer that follows was given before: nothing is done for this request, whose key was used for the same. */
export function markReplayed(reply: FastifyReply): void {
  void reply.header('idempotency-replayed', 'true');
}
