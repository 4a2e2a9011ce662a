/** The worker thread that checks signatures: one job in, its findings out. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@stile/protocol/fault.ts';
import { createTapVerifier, type VerifyJob } from './verify-taps.ts';

const port = parentPort;
assert(port !== null, 'this module runs as a worker');
const verify = createTapVerifier(workerData as { cachePasses: boolean });
port.on('message', ({ id, job }: { id: number; job: VerifyJob }) => {
  port.postMessage({ id, findings: verify(job) });
});
