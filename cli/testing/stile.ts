/** Runs the command line as a person or a program does: a process of its own, its output and exit code. */
import { execFile } from 'node:child_process';
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
