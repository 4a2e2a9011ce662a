/** Runs the command line as a person or a program does: a process of its own, its output and exit code. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

export type Ran = { code: number; stdout: string; stderr: string };

/** `input`: what stands on its standard input, one character a byte. */
export function runStile(
  args: readonly string[],
  { env = {}, input = '' }: { env?: Readonly<Record<string, string>>; input?: string } = {},
): Promise<Ran> {
  return new Promise((done) => {
    const options = { cwd: ROOT, env: { ...process.env, NO_COLOR: '1', ...env } };
    const child = execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    // A command that has ended without reading is not this caller's failure.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(Buffer.from(input, 'latin1'));
  });
}

export type Running = {
  /** Waits for a line of its output; what it has printed instead, if it ended. */
  says(words: string): Promise<string>;
  /** As a supervisor or Ctrl-C does; returns its exit code. */
  end(signal: 'SIGTERM' | 'SIGINT'): Promise<number | null>;
};

/** A program that runs until it is ended. */
export function startStile(
  args: readonly string[],
  { env = {} }: { env?: Readonly<Record<string, string>> } = {},
): Running {
  const options = { cwd: ROOT, env: { ...process.env, NO_COLOR: '1', ...env } };
  const child = spawn(process.execPath, [MAIN, ...args], options);
  const ended = once(child, 'exit');
  let text = '';
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      child.emit('text');
    });
  }
  return {
    async says(words) {
      while (!text.includes(words) && child.exitCode === null) {
        await Promise.race([once(child, 'text'), ended]);
      }
      return text;
    },
    async end(signal) {
      child.kill(signal);
      await ended;
      return child.exitCode;
    },
  };
}
