/** Writing to the terminal, and reading what a person typed after a command: one place for both. */
import { createInterface } from 'node:readline/promises';
import { Fault } from '@stile/protocol/fault.ts';
import { InvalidArgumentError } from 'commander';

/** Whatever a program that holds secrets makes is its user's alone. */
export const PRIVATE_UMASK = 0o077;

// Whoever reads has seen enough (`| head`): there is nobody left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

export function print(text: string): void {
  process.stdout.write(text);
}

export function sayError(text: string): void {
  process.stderr.write(text);
}

/** A key that the command has made itself; on standard error, so that its output stays what programs read. */
export function sayKey(key: string): void {
  sayError(`key ${key} (without an answer, ask again with --key ${key}: it is done once)\n`);
}

export function printJson(value: unknown): void {
  print(`${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Asks a person before something is replaced; a script has to have said yes.
 * @throws Fault CONFLICT if nobody says it.
 */
export async function confirm(what: string, { isYes }: { isYes: boolean }): Promise<void> {
  if (isYes) return;
  if (process.stdin.isTTY !== true) {
    throw new Fault('CONFLICT', `${what} Nothing was changed: say --yes if that is meant`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${what} Go on? [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Fault('CONFLICT', 'nothing was changed');
}

/** Ctrl-C and a supervisor's stop, as a signal that tools wait for; a second Ctrl-C ends at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      controller.abort();
      process.once(name, () => process.exit(130));
    });
  }
  return controller.signal;
}

export function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A parser for commander: a whole number between two bounds. */
export function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** A parser for commander: one of some words. */
export function oneOf<T extends string>(words: readonly T[]) {
  return (text: string): T => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new InvalidArgumentError(`It must be ${words.join(' or ')}.`);
    return found;
  };
}

/** A parser for commander: an instant in ISO 8601 with a time zone, as unix milliseconds. */
export function instant(text: string): number {
  const complete = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const ms = complete ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms) || ms < 0) {
    throw new InvalidArgumentError('It must be an instant such as 2026-01-01T08:30:00Z.');
  }
  return ms;
}

/** All of standard input as text, up to a limit. */
export async function readStdin(bytesMax: number): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of process.stdin) {
    const bytes = Buffer.from(part);
    length += bytes.length;
    if (length > bytesMax) {
      throw new Fault('REQUEST_INVALID', `standard input is longer than ${bytesMax} bytes`);
    }
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('latin1');
}

/** Of unix milliseconds, if there are any. */
export function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.floor(ms / 1000);
}
