/** What a process that was started here holds in memory. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Resident, in megabytes. */
export function readRssMb({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}
