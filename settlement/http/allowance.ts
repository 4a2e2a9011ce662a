/**
 * How many requests a minute whoever is known may send: a rider by account, a merchant by id, whatever
 * the address they come from. Counted in windows by settlement's own clock, mostly of a minute; one window is
 * kept. Addresses, known or not, are counted by the rate limiter in app.ts.
 */

import type { Clock } from '@stile/host/clock.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { FastifyReply } from 'fastify';
import type { SettlementFile } from '../config.ts';

const MINUTE_MS = 60_000;

export type Allowance = ReturnType<typeof createAllowance>;

export function createAllowance(clock: Clock, perMinute: number) {
  return createWindow(clock, { max: perMinute, windowMs: MINUTE_MS });
}

export function createWindow(clock: Clock, { max, windowMs }: { max: number; windowMs: number }) {
  let startMs = clock.now().monoMs;
  const counts = new Map<string, number>();
  return {
    /** Counts one request; how many seconds to wait if it is one too many, else 0. */
    take(subject: string): number {
      const { monoMs } = clock.now();
      if (monoMs - startMs >= windowMs) {
        startMs = monoMs;
        counts.clear();
      }
      const count = (counts.get(subject) ?? 0) + 1;
      counts.set(subject, count);
      return count > max ? Math.ceil((startMs + windowMs - monoMs) / 1000) : 0;
    },
  };
}

export type Allowances = ReturnType<typeof createAllowances>;

export function createAllowances({ http }: SettlementFile, clock: Clock) {
  return {
    rider: createAllowance(clock, http.riderRequestsPerMinute),
    merchant: createAllowance(clock, http.merchantRequestsPerMinute),
    payments: createAllowance(clock, http.paymentsPerMinute),
  };
}

/** @throws Fault TOO_MANY_REQUESTS, with `retry-after` on the reply. */
export function spend(
  allowance: Allowance,
  { subject, reply }: { subject: string; reply: FastifyReply },
): void {
  const waitS = allowance.take(subject);
  if (waitS > 0) refuseTooMany(reply, waitS);
}

export function refuseTooMany(reply: FastifyReply, waitS: number): never {
  void reply.header('retry-after', waitS);
  throw new Fault('TOO_MANY_REQUESTS', `too many requests: try again in ${waitS} s`);
}
