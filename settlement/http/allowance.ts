/**
 * How many requests a minute whoever is known may send: a rider by account, a merchant by id, whatever
 * the address they come from. Counted in windows of a minute; one window is kept. Where several processes serve one
 * settlement and have a Redis, they count together. Addresses, known or not, are counted by the rate limiter in app.ts.
 */

import type { Clock } from '@stile/host/clock.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { FastifyReply } from 'fastify';
import type { SettlementFile } from '../config.ts';
import type { SharedCounts } from '../work/queue/shared-counts.ts';

const MINUTE_MS = 60_000;

export type Allowance = {
  /** Counts one request; how many seconds to wait if it is one too many, else 0. */
  take(subject: string): number;
};

/** `name`: what is counted, the same in every process. */
export type AllowanceOf = (name: string, perMinute: number) => Allowance;

/** `shared`: with all processes; null: this one counts alone. */
export function createAllowanceOf(clock: Clock, shared: SharedCounts | null): AllowanceOf {
  return (name, perMinute) =>
    shared === null
      ? createAllowance(clock, perMinute)
      : sharedAllowance(shared, { name, perMinute });
}

function sharedAllowance(
  shared: SharedCounts,
  { name, perMinute }: { name: string; perMinute: number },
): Allowance {
  return {
    take: (subject) => {
      const { count, leftMs } = shared.count({ name, subject, windowMs: MINUTE_MS });
      return count > perMinute ? Math.ceil(leftMs / 1000) : 0;
    },
  };
}

type Counted = (error: Error | null, result?: { current: number; ttl: number }) => void;

type Route = { routeInfo?: { method?: unknown; url?: unknown } };

/** Where the rate limiter counts addresses, with all processes: for each route that has a limit of its own, and for all. */
export function createAddressStore(shared: SharedCounts) {
  return class AddressStore {
    readonly #name: string;

    constructor(of: object) {
      const { method, url } = (of as Route).routeInfo ?? {};
      this.#name = url === undefined ? 'address' : `address ${String(method)} ${String(url)}`;
    }

    incr(subject: string, done: Counted): void {
      const of = { name: this.#name, subject, windowMs: MINUTE_MS };
      const { count, leftMs } = shared.count(of);
      done(null, { current: count, ttl: leftMs });
    }

    child(route: object): AddressStore {
      return new AddressStore(route);
    }
  };
}

/** Of this process alone. */
export function createAllowance(clock: Clock, perMinute: number): Allowance {
  const [max, windowMs] = [perMinute, MINUTE_MS];
  let startMs = clock.now().monoMs;
  const counts = new Map<string, number>();
  return {
    take(subject) {
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

export function createAllowances({ http }: SettlementFile, allowanceOf: AllowanceOf) {
  return {
    rider: allowanceOf('rider', http.riderRequestsPerMinute),
    merchant: allowanceOf('merchant', http.merchantRequestsPerMinute),
    payments: allowanceOf('payments', http.paymentsPerMinute),
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
