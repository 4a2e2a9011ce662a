/** The worker's side of verify-pool.ts: one batch in, one checked batch out; only a cache stays. */
import { parentPort, workerData } from 'node:worker_threads';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { sha256 } from '@stile/crypto/sign.ts';
import { assert } from '@stile/protocol/fault.ts';
import { checkBatch, type SentBatch } from '../core/logs/check-batch.ts';
import type { VerifiedPasses } from '../core/logs/check-record.ts';

export type VerifyJob = SentBatch & { id: number; body: Uint8Array<ArrayBuffer> };
export type VerifyOptions = {
  /** Passes whose issuer signature is not checked again; 0: check every one every time. */
  passesCachedMax: number;
};

function createVerifiedPasses(max: number): VerifiedPasses {
  const ids = new Set<string>();
  return {
    has: (id) => ids.has(id),
    add(id) {
      if (ids.size >= max) {
        const oldest = ids.values().next();
        if (!oldest.done) ids.delete(oldest.value);
      }
      ids.add(id);
    },
  };
}

const port = parentPort;
assert(port !== null, 'this file runs in a worker');
const { passesCachedMax } = workerData as VerifyOptions;
const verify = createNodeVerify();
const verifiedPasses = passesCachedMax === 0 ? null : createVerifiedPasses(passesCachedMax);

port.on('message', ({ id, ...sent }: VerifyJob) => {
  const check = checkBatch(sent, { verify, sha256, verifiedPasses });
  port.postMessage({ id, check }, [sent.body.buffer]);
});
