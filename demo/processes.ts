/** The demo's processes: each is the real command line in a process of its own, its output in a log file too. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const STILE = fileURLToPath(new URL('../scripts/stile', import.meta.url));
const WAIT_MS_MAX = 30_000;
const STOP_MS_MAX = 5_000;

/** One record that a program has logged. */
export type LogRecord = Record<string, unknown>;

export type ProcessOptions = {
  name: string;
  /** Its output is also in NAME.log there. */
  logDir: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
};

/** A `stile …` that runs, with its output as lines that can be waited for. */
export class StileProcess {
  readonly name: string;
  readonly child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #file: WriteStream;
  #ended = false;

  constructor({ name, logDir, args, env = {} }: ProcessOptions) {
    this.name = name;
    this.#file = createWriteStream(join(logDir, `${name}.log`), { flags: 'a' });
    this.child = spawn(STILE, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) this.#collect(stream);
    this.child.once('exit', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  #collect(stream: NodeJS.ReadableStream | null): void {
    let rest = '';
    stream?.on('data', (chunk: Buffer) => {
      this.#file.write(chunk);
      const parts = (rest + chunk.toString()).split('\n');
      rest = parts.pop() ?? '';
      this.#lines.push(...parts);
      this.#wake();
    });
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The first line from `from` on for which `pick` finds something, and where the next one begins. */
  async waitFor<T>(
    what: string,
    { pick, from = 0 }: { pick: (line: string) => T | undefined; from?: number },
  ): Promise<{ found: T; next: number }> {
    let at = from;
    const look = (): { found: T; next: number } | undefined => {
      for (; at < this.#lines.length; at += 1) {
        const found = pick(this.#lines[at] ?? '');
        if (found !== undefined) return { found, next: at + 1 };
      }
      return undefined;
    };
    return await new Promise((done, fail) => {
      const finish = (settle: () => void) => {
        clearTimeout(late);
        this.#watchers.delete(check);
        settle();
      };
      const check = () => {
        const result = look();
        if (result !== undefined) finish(() => done(result));
        else if (this.#ended) finish(() => fail(this.#failure(`ended before: ${what}`)));
      };
      const late = setTimeout(
        () => finish(() => fail(this.#failure(`did not come within 30 s: ${what}`))),
        WAIT_MS_MAX,
      );
      this.#watchers.add(check);
      check();
    });
  }

  #failure(what: string): Error {
    const tail = this.#lines.slice(-8).join('\n  ');
    return new Error(`${this.name} ${what}\n  ${tail}`);
  }

  /** Ends it; SIGKILL is how a power cut looks to a process. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#ended) return;
    const ended = new Promise<void>((done) => this.child.once('exit', () => done()));
    this.child.kill(signal);
    const late = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS_MAX);
    await ended;
    clearTimeout(late);
    this.#file.end();
  }
}

/** Runs `stile …` to its end; its standard output, or an error with what it said. */
export async function stile(args: readonly string[]): Promise<string> {
  return await new Promise((done, fail) => {
    execFile(STILE, args, { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) done(stdout);
      else
        fail(new Error(`stile ${args.slice(0, 2).join(' ')}: ${stderr.trim() || stdout.trim()}`));
    });
  });
}

export async function stileJson<T>(args: readonly string[]): Promise<T> {
  return JSON.parse(await stile(args)) as T;
}

/** A line of output that is a log record; programs speak plain sentences between them. */
export function parseRecord(line: string): LogRecord | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? (parsed as LogRecord) : undefined;
  } catch {
    // A sentence for people.
    return undefined;
  }
}
