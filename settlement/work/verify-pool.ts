/**
 * Checks batches in worker threads, so that the curve arithmetic of five hundred taps never stops the
 * event loop. The queue is bounded: beyond it a gate is told to come back later, before memory grows.
 */
import { Worker } from 'node:worker_threads';
import { assert, Fault } from '@stile/protocol/fault.ts';
import type { BatchCheck, SentBatch } from '../core/logs/check-batch.ts';
import type { VerifyJob, VerifyOptions } from './verify-worker.ts';

export type VerifyPoolOptions = VerifyOptions & {
  workers: number;
  /** Batches under way or waiting, in all. */
  batchesMax: number;
};

export type VerifyPool = {
  /** @throws Fault UPLINK_BUSY if the queue is full or closing. */
  check(sent: SentBatch): Promise<BatchCheck>;
  readonly waiting: number;
  readonly batchesMax: number;
  close(): Promise<void>;
};

type Waiting = { resolve: (check: BatchCheck) => void; reject: (error: Error) => void };
type Member = { worker: Worker; jobs: Map<number, Waiting> };

export function createVerifyPool(options: VerifyPoolOptions): VerifyPool {
  const { workers, batchesMax, passesCachedMax } = options;
  const members: Member[] = [];
  let lastId = 0;
  let closed = false;

  function start(): Member {
    const worker = new Worker(new URL('./verify-worker.ts', import.meta.url), {
      workerData: { passesCachedMax } satisfies VerifyOptions,
    });
    const member: Member = { worker, jobs: new Map() };
    worker.on('message', ({ id, check }: { id: number; check: BatchCheck }) => {
      member.jobs.get(id)?.resolve(check);
      member.jobs.delete(id);
    });
    worker.on('error', (error) => replace(member, error));
    return member;
  }

  /** A worker that died takes its batches with it; their gates send them again. */
  function replace(member: Member, error: unknown): void {
    const at = members.indexOf(member);
    if (at === -1) return;
    const fault = new Fault('UPLINK_BUSY', 'the check of this batch was cut short', {
      cause: error,
    });
    for (const waiting of member.jobs.values()) waiting.reject(fault);
    member.jobs.clear();
    if (closed) members.splice(at, 1);
    else members[at] = start();
  }

  function count(): number {
    return members.reduce((sum, { jobs }) => sum + jobs.size, 0);
  }

  for (let index = 0; index < workers; index += 1) members.push(start());

  return {
    async check(sent) {
      if (closed || count() >= batchesMax) {
        throw new Fault('UPLINK_BUSY', `${batchesMax} batches are being checked; come back later`);
      }
      const member = members.reduce((least, one) =>
        one.jobs.size < least.jobs.size ? one : least,
      );
      lastId += 1;
      const id = lastId;
      return await new Promise((resolve, reject) => {
        member.jobs.set(id, { resolve, reject });
        // A copy, because what is transferred must not share its memory with other requests.
        const body = new Uint8Array(sent.body);
        const job: VerifyJob = { ...sent, id, body };
        member.worker.postMessage(job, [body.buffer]);
      });
    },
    batchesMax,
    get waiting() {
      return count();
    },
    async close() {
      closed = true;
      await Promise.all(members.map(({ worker }) => worker.terminate()));
      const fault = new Fault('UPLINK_BUSY', 'settlement is closing');
      for (const { jobs } of members) {
        for (const waiting of jobs.values()) waiting.reject(fault);
        jobs.clear();
      }
      assert(count() === 0, 'no batch is left without a result');
    },
  };
}
