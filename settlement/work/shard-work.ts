/** A piece of waiting work: what failed of it is said to the log. */
import type { Clock } from '@stile/host/clock.ts';
import { describeError } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import type { WorkTurn } from '../core/rides/outbox-changes.ts';
import type { Store } from '../store/port.ts';

export type PieceParts = {
  store: Pick<Store, 'workOnce'>;
  issuer: number;
  clock: Clock;
  log: Logger;
};

/** `shard`: of that shard only, for processes that share the work. */
export type DoPiece = (shard?: number) => Promise<WorkTurn['kind']>;

export function createDoPiece({ store, issuer, clock, log }: PieceParts): DoPiece {
  return async (shard) => {
    const ofShard = shard === undefined ? {} : { shard };
    const turn = await store.workOnce({ issuer, nowMs: clock.now().wallMs, ...ofShard });
    if (turn.kind === 'failed') {
      const { work, next, error } = turn;
      const level = next === 'smaller' ? 'debug' : 'error';
      log[level]({ work, next, error: describeError(error) }, 'a job failed');
    }
    return turn.kind;
  };
}
