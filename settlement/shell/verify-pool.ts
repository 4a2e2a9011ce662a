/** Worker threads that check signatures, and a bounded queue before them. */
import { Worker } from 'node:worker_threads';
import { Fault } from '@stile/protocol/fault.ts';
import type { VerifyFinding, VerifyJob } from './verify-taps.ts';

/** Batches that may wait; one more is answered with "come back later". */
export const JOBS_WAITING_MAX = 32;

type Waiting = { resolve: (findings: VerifyFinding[]) => void; reject: (error: unknown) => void };
type Member = { worker: Worker; busy: number };

export type VerifyPool = {
  /** @throws Fault UPLINK_BUSY where the queue is full. */
  verify(job: VerifyJob): Promise<VerifyFinding[]>;
  close(): Promise<void>;
};

export function createVerifyPool(options: { workers: number; cachePasses: boolean }): VerifyPool {
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  const members: Member[] = Array.from({ length: options.workers }, () => {
    const url = new URL('./verify-worker.ts', import.meta.url);
    const worker = new Worker(url, { workerData: { cachePasses: options.cachePasses } });
    const member = { worker, busy: 0 };
    worker.on('message', ({ id, findings }: { id: number; findings: VerifyFinding[] }) => {
      member.busy -= 1;
      waiting.get(id)?.resolve(findings);
      waiting.delete(id);
    });
    worker.on('error', (error) => {
      for (const job of waiting.values()) job.reject(error);
      waiting.clear();
    });
    return member;
  });

  return {
    verify(job) {
      if (waiting.size >= JOBS_WAITING_MAX) {
        return Promise.reject(new Fault('UPLINK_BUSY', 'too many batches at once'));
      }
      const member = members.reduce((least, other) => (other.busy < least.busy ? other : least));
      const id = nextId;
      nextId += 1;
      member.busy += 1;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        member.worker.postMessage({ id, job });
      });
    },
    async close() {
      await Promise.all(members.map(({ worker }) => worker.terminate()));
    },
  };
}
