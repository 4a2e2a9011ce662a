/**
 * The testers' scanner: pictures, a watched folder or typed text go out on a pseudo-terminal as a
 * serial scanner would send them. It says what it decoded, and why it could not.
 */
import { readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleepMs } from 'node:timers/promises';
import { createDice } from '../dice.ts';
import { PICTURE_BYTES_MAX, readPicture } from '../picture/read.ts';
import { openVirtualPort } from '../serial/pty.ts';
import { type VirtualPort, VirtualPortError } from '../serial/virtual-port.ts';
import { type Feed, openFeed } from './feed.ts';
import { createScannerModule } from './module.ts';
import { createLinePlayer, type LinePlayer, type Misbehaviour, type Suffix } from './virtual.ts';

/** How often a missing reader and a growing file are looked at again. */
const LOOK_AGAIN_MS = 100;
/** A port is opened first and set up a moment later; what comes in between is flushed away. */
const SETTLE_MS = 100;
/** The last line has to reach the reader before the port goes away. */
const LINGER_MS = 400;
const OUTPUT_COLUMNS = 80;
const PICTURE_NAME = /\.(png|jpe?g)$/i;

export type ScannerToolOptions = {
  link: string;
  baud: number;
  suffix: Suffix;
  /** Picture files to play, in order. */
  pictures: readonly string[];
  /** A folder whose pictures are played as they appear. */
  watchDir?: string;
  /** Also takes texts over HTTP on this port of this machine; 0: any. */
  feedPort?: number;
  /** Lines to play; a line that begins with a slash is a command (see HELP). */
  input?: Readable;
  misbehaviour: Misbehaviour;
  seed: number;
  /** How long to wait for a program to open the port. */
  waitMs: number;
  /** Keep the port open when everything is played. */
  stay: boolean;
  out: Writable;
  signal: AbortSignal;
};

const HELP = `Each line is played as a scanned text. Commands:
  /picture FILE   /unplug   /replug   /quit
  /double TEXT    /split TEXT    /nosuffix TEXT   /ack TEXT    /damage TEXT
  /noise TEXT     /noisewithin TEXT   /noiseafter TEXT   /endless BYTES
`;

/** Plays everything; resolves with how many texts went out and how many pictures could not be read. */
export async function runScannerTool(
  options: ScannerToolOptions,
): Promise<{ played: number; unread: number }> {
  const tool = new ScannerTool(options);
  try {
    return await tool.run();
  } finally {
    await tool.close();
  }
}

class ScannerTool {
  readonly #options: ScannerToolOptions;
  readonly #player: LinePlayer;
  readonly #module = createScannerModule();
  #port: VirtualPort | null = null;
  #feed: Feed | null = null;
  /** One thing at a time on the wire: a reply never falls into the middle of a text. */
  #turn: Promise<void> = Promise.resolve();
  #played = 0;
  #unread = 0;

  constructor(options: ScannerToolOptions) {
    this.#options = options;
    this.#player = createLinePlayer({
      baud: options.baud,
      suffix: options.suffix,
      dice: createDice(options.seed),
      write: async (bytes) => {
        if (this.#port === null) throw new VirtualPortError('the scanner was unplugged');
        await this.#port.write(bytes);
      },
      sleep: async (ms) => {
        await sleepMs(ms);
      },
      now: () => performance.now(),
    });
    this.#plug();
  }

  async run(): Promise<{ played: number; unread: number }> {
    const { pictures, watchDir, input, signal, stay } = this.#options;
    if (watchDir !== undefined && !statSync(watchDir, { throwIfNoEntry: false })?.isDirectory()) {
      throw new VirtualPortError(`cannot watch ${watchDir}: no such folder`);
    }
    // A line that nobody reads must not hold up the end.
    signal.addEventListener('abort', () => this.close().catch(() => undefined), { once: true });
    this.#say(`scanner at ${this.#options.link}, ${this.#options.baud} baud`);
    const { feedPort } = this.#options;
    if (feedPort !== undefined) await this.#openFeed(feedPort);
    await this.#waitForReader();
    for (const file of pictures) {
      if (!signal.aborted) await this.#playPicture(file);
    }
    const sources = [
      ...(watchDir === undefined ? [] : [this.#watch(watchDir)]),
      ...(input === undefined ? [] : [this.#read(input)]),
      ...(stay ? [new Promise<void>((end) => signal.addEventListener('abort', () => end()))] : []),
    ];
    if (!signal.aborted) await Promise.all(sources);
    if (!signal.aborted) await sleepMs(LINGER_MS);
    return { played: this.#played, unread: this.#unread };
  }

  async #openFeed(port: number): Promise<void> {
    const play = (text: string) => this.#play(text);
    this.#feed = await openFeed({ port, play, now: () => performance.now() });
    this.#say(`feed at ${this.#feed.url}`);
  }

  async close(): Promise<void> {
    await this.#feed?.close();
    this.#feed = null;
    await this.#unplug();
  }

  async #unplug(): Promise<void> {
    const port = this.#port;
    this.#port = null;
    await port?.close();
  }

  #say(text: string): void {
    const line = text.length <= OUTPUT_COLUMNS ? text : `${text.slice(0, OUTPUT_COLUMNS - 1)}…`;
    this.#options.out.write(`${line}\n`);
  }

  async #inTurn(send: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(send);
    this.#turn = mine.catch(() => undefined);
    await mine;
  }

  #plug(): void {
    const port = openVirtualPort({ link: this.#options.link });
    this.#port = port;
    // The gate's heartbeats and commands have to be read, or they would fill the line.
    port.onBytes((bytes) => {
      for (const reply of this.#module.push(bytes)) {
        this.#inTurn(() => port.write(reply)).catch((error) => this.#say(describe(error)));
      }
    });
  }

  async #waitForReader(): Promise<void> {
    const { waitMs, signal } = this.#options;
    let waitedMs = 0;
    while (!signal.aborted && this.#port !== null && !this.#port.hasReader()) {
      if (waitedMs === 0) this.#say('waiting for a program to open the port ...');
      if (waitedMs >= waitMs) {
        this.#say('nobody has opened the port; playing all the same');
        return;
      }
      await sleepMs(LOOK_AGAIN_MS);
      waitedMs += LOOK_AGAIN_MS;
    }
    await sleepMs(SETTLE_MS);
  }

  async #play(text: string, extra: Misbehaviour = {}): Promise<void> {
    if (this.#port === null) {
      this.#say('unplugged: nothing sent (/replug first)');
      return;
    }
    try {
      const misbehaviour = { ...this.#options.misbehaviour, ...extra };
      await this.#inTurn(() => this.#player.play(text, misbehaviour));
      this.#played += 1;
      this.#say(`sent ${text.length} characters: ${shorten(text)}`);
    } catch (error) {
      this.#say(`not sent: ${describe(error)}`);
    }
  }

  async #playPicture(file: string): Promise<void> {
    const from = performance.now();
    let bytes: Uint8Array;
    try {
      if (statSync(file).size > PICTURE_BYTES_MAX) throw new Error('too large for a picture');
      bytes = readFileSync(file);
    } catch (error) {
      this.#unread += 1;
      this.#say(`${nameOf(file)}: cannot be read`);
      this.#say(`  ${describe(error)}`);
      return;
    }
    const reading = await readPicture(bytes);
    const ms = (performance.now() - from).toFixed(0);
    if (!reading.ok) {
      this.#unread += 1;
      this.#say(`${nameOf(file)}: ${reading.reason} in ${ms} ms`);
      this.#say(`  ${reading.hint}`);
      return;
    }
    this.#say(`${nameOf(file)}: QR v${reading.version}-${reading.ecLevel} in ${ms} ms`);
    await this.#play(reading.text);
  }

  async #read(input: Readable): Promise<void> {
    // One character a byte, as in a picture's text: what is typed goes out byte for byte.
    input.setEncoding('latin1');
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    const stop = () => lines.close();
    this.#options.signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const line of lines) {
        if (line === '') continue;
        if (line === '/quit') break;
        if (line.startsWith('/')) await this.#command(line);
        else await this.#play(line);
      }
    } finally {
      lines.close();
    }
  }

  async #command(line: string): Promise<void> {
    const [, name = '', rest = ''] = /^\/(\w+) ?(.*)$/.exec(line) ?? [];
    switch (name) {
      case 'picture':
        return await this.#playPicture(Buffer.from(rest, 'latin1').toString());
      case 'unplug':
        await this.#unplug();
        return this.#say('unplugged');
      case 'replug':
        return await this.#replug();
      case 'double':
        return await this.#play(rest, { double: true });
      case 'split':
        return await this.#play(rest, { split: true });
      case 'noise':
        return await this.#play(rest, { noiseBytes: 64 });
      case 'noisewithin':
        return await this.#play(rest, { noiseWithinBytes: 8 });
      case 'noiseafter':
        return await this.#play(rest, { noiseAfterBytes: 8 });
      case 'nosuffix':
        return await this.#play(rest, { missingSuffix: true });
      case 'ack':
        return await this.#play(rest, { acknowledge: true });
      case 'damage':
        return await this.#play(rest, { damagedBytes: 1 });
      case 'endless':
        return await this.#play('', { endlessBytes: Math.min(Number(rest) || 4096, 2 ** 30) });
      default:
        this.#options.out.write(HELP);
    }
  }

  async #replug(): Promise<void> {
    try {
      if (this.#port === null) this.#plug();
    } catch (error) {
      return this.#say(`not plugged in: ${describe(error)}`);
    }
    this.#say('plugged in');
    await this.#waitForReader();
  }

  /** Plays each picture of the folder once, when it has stopped growing. */
  async #watch(folder: string): Promise<void> {
    const { signal } = this.#options;
    const done = new Set<string>(listPictures(folder).map(([name, version]) => name + version));
    this.#say(`watching ${folder}`);
    const watcher = watch(folder);
    try {
      let wake: () => void = () => undefined;
      watcher.on('change', () => wake());
      watcher.on('error', () => wake());
      signal.addEventListener('abort', () => wake());
      while (!signal.aborted) {
        for (const [name, version] of listPictures(folder)) {
          if (done.has(name + version)) continue;
          await sleepMs(LOOK_AGAIN_MS);
          if (versionOf(join(folder, name)) !== version) continue;
          done.add(name + version);
          await this.#playPicture(join(folder, name));
        }
        // Looked at again after a change, or a little later: a change may fall into the look itself.
        await new Promise<void>((resume) => {
          const timer = setTimeout(resume, LOOK_AGAIN_MS * 5);
          wake = () => {
            clearTimeout(timer);
            resume();
          };
        });
      }
    } finally {
      watcher.close();
    }
  }
}

function listPictures(folder: string): [string, string][] {
  return namesIn(folder)
    .filter((name) => PICTURE_NAME.test(name) && !name.startsWith('.'))
    .sort()
    .map((name) => [name, versionOf(join(folder, name))]);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new VirtualPortError(`cannot watch ${folder} any longer: ${describe(error)}`);
  }
}

function versionOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? 'gone' : `:${found.size}:${found.mtimeMs}`;
}

function nameOf(file: string): string {
  const name = basename(file);
  return name.length <= 40 ? name : `${name.slice(0, 24)}…${name.slice(-15)}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function shorten(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '·');
  return printable.length <= 40 ? printable : `${printable.slice(0, 28)} … ${printable.slice(-6)}`;
}
