/**
 * The testers' scanner: pictures, a watched folder or typed text go out on a pseudo-terminal as a
 * serial scanner would send them. It says what it decoded, and why it could not.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { type Clock, sleep, systemClock } from '@stile/host/clock.ts';
import { systemRandom } from '@stile/host/random.ts';
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import { PICTURE_BYTES_MAX, readPicture } from '../picture/read.ts';
import { openVirtualPort } from '../serial/pty.ts';
import { type VirtualPort, VirtualPortError } from '../serial/virtual-port.ts';
import { type Heard, listenToVerdicts, type VerdictListener } from '../verdicts/listener.ts';
import { type Feed, openFeed } from './feed.ts';
import { createScannerModule } from './module.ts';
import { describe, say, sayVerdict, shortName, shortText } from './tool-output.ts';
import { HELP, readInput, type TypedCommand } from './typed-input.ts';
import { createScanPlayer, type Misbehaviour, type ScanPlayer, type Suffix } from './virtual.ts';
import { checkFolder, watchFolder } from './watched-folder.ts';

/** How often a missing reader is looked for again. */
const LOOK_AGAIN_MS = 100;
/** A port is opened first and set up a moment later; what comes in between is flushed away. */
const SETTLE_MS = 100;
/** A gate opens the verdict port by itself; one that has none is not waited for. */
const LISTENER_MS_MAX = 1_500;
/** The last text has to reach the reader before the port goes away. */
const LINGER_MS = 400;

export type ScannerToolOptions = {
  link: string;
  /** Where the gate says its verdicts; absent: nobody listens. */
  verdictsLink?: string;
  baud: number;
  suffix: Suffix;
  /** Picture files to play, in order. */
  pictures: readonly string[];
  /** A folder whose pictures are played as they appear. */
  watchDir?: string;
  /** Also takes texts over HTTP on this port of this machine; 0: any. */
  feedPort?: number;
  /** Plays by itself, once a gate listens and is heard; nothing else is played then. */
  script?: (hands: ScannerHands) => Promise<void>;
  /** Texts to play, and commands (see HELP). */
  input?: Readable;
  misbehaviour: Misbehaviour;
  seed: number;
  /** How long to wait for a program to open the port. */
  waitMs: number;
  /** Keep the port open when everything is played. */
  stay: boolean;
  out: Writable;
  signal: AbortSignal;
  clock?: Clock;
};

/** What a script does with the scanner. */
export type ScannerHands = {
  /** Null: the gate has said nothing of it. */
  play: (text: string, misbehaviour: Misbehaviour) => Promise<Heard | null>;
  read: (picture: string) => Promise<{ text: string } | { reason: string }>;
  unplug: () => Promise<void>;
  replug: () => Promise<void>;
};

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

/** How one text is played, and what it is called when its verdict is said. */
type Play = Misbehaviour & { name?: string };

function onAbort(signal: AbortSignal, end: () => void): void {
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
}

class ScannerTool {
  readonly #options: ScannerToolOptions;
  readonly #clock: Clock;
  readonly #player: ScanPlayer;
  readonly #module = createScannerModule();
  #port: VirtualPort | null = null;
  #verdicts: VerdictListener | null = null;
  #isSilenceSaid = false;
  #feed: Feed | null = null;
  /** One thing at a time on the wire: a reply never falls into the middle of a text. */
  #turn: Promise<unknown> = Promise.resolve();
  /** One text at a time, with the gate's verdict on it. */
  #presentation: Promise<unknown> = Promise.resolve();
  #played = 0;
  #unread = 0;

  constructor(options: ScannerToolOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#player = createScanPlayer({
      baud: options.baud,
      suffix: options.suffix,
      random: createSeededRandom(options.seed),
      clock: this.#clock,
      write: async (bytes) => {
        if (this.#port === null) throw new VirtualPortError('the scanner was unplugged');
        await this.#port.write(bytes);
      },
    });
    this.#plug();
    const { verdictsLink } = options;
    if (verdictsLink !== undefined) {
      const port = openVirtualPort({ link: verdictsLink });
      this.#verdicts = listenToVerdicts(port, this.#clock);
    }
  }

  async run(): Promise<{ played: number; unread: number }> {
    const { pictures, watchDir, input, signal, stay } = this.#options;
    if (watchDir !== undefined) checkFolder(watchDir);
    // A port that nobody reads must not hold up the end.
    signal.addEventListener('abort', () => this.close().catch(() => undefined), { once: true });
    this.#say(`scanner at ${this.#options.link}, ${this.#options.baud} baud`);
    const { feedPort } = this.#options;
    if (feedPort !== undefined) await this.#openFeed(feedPort);
    await this.#waitForReader();
    await this.#waitForVerdicts();
    if (this.#options.script !== undefined) await this.#runScript(this.#options.script);
    for (const file of pictures) {
      if (!signal.aborted) await this.#playPicture(file);
    }
    const sources: Promise<void>[] = [];
    if (watchDir !== undefined) sources.push(this.#watch(watchDir));
    const left = stay ? new Promise<void>((end) => onAbort(signal, end)) : undefined;
    this.#sayHowToLeave();
    if (input !== undefined) sources.push(this.#readTyped(input, left));
    else if (left !== undefined) sources.push(left);
    if (!signal.aborted) await Promise.all(sources);
    if (!signal.aborted) await sleep(this.#clock, LINGER_MS);
    return { played: this.#played, unread: this.#unread };
  }

  /** @throws VirtualPortError if no gate is heard: nothing could be compared. */
  async #runScript(script: (hands: ScannerHands) => Promise<void>): Promise<void> {
    if (this.#verdicts?.isHeard() !== true) {
      const { verdictsLink = 'no name' } = this.#options;
      throw new VirtualPortError(
        `no gate has its verdict port open at ${verdictsLink} ("verdicts" in the gate's configuration)`,
      );
    }
    await script({
      play: (text, misbehaviour) => this.#play(text, { name: 'step', ...misbehaviour }),
      read: (picture) => this.#readPicture(picture),
      unplug: () => this.#unplug(),
      replug: () => this.#replug(),
    });
  }

  /** Whoever looks at a tool that does not end by itself has to know why, and the way out. */
  #sayHowToLeave(): void {
    const { input, stay, watchDir } = this.#options;
    const isTyped = input !== undefined && 'isTTY' in input && input.isTTY === true;
    if (isTyped)
      this.#say('each typed line is scanned; /help lists commands, /quit or Ctrl-C ends');
    else if (stay || watchDir !== undefined) this.#say('the port stays; Ctrl-C ends');
  }

  /** With `--stay` the end of the input is no end, but `/quit` is. */
  async #readTyped(input: Readable, left: Promise<void> | undefined): Promise<void> {
    const { signal } = this.#options;
    const onCommand = (command: TypedCommand) => this.#obey(command);
    const ended = await readInput(input, { signal, onCommand });
    if (ended !== 'quit') await left;
  }

  async #openFeed(port: number): Promise<void> {
    const play = (text: string) => this.#play(text, { name: 'feed' });
    this.#feed = await openFeed({ port, play, clock: this.#clock, random: systemRandom });
    this.#say(`feed at ${this.#feed.url}`);
  }

  async close(): Promise<void> {
    await this.#feed?.close();
    this.#feed = null;
    await this.#verdicts?.close();
    await this.#unplug();
  }

  async #unplug(): Promise<void> {
    const port = this.#port;
    this.#port = null;
    await port?.close();
  }

  #say(text: string): void {
    say(this.#options.out, text);
  }

  async #watch(folder: string): Promise<void> {
    await watchFolder(folder, {
      clock: this.#clock,
      signal: this.#options.signal,
      onStart: (there) => {
        this.#say(`watching ${folder}`);
        if (there > 0) this.#say(`  pictures that were there already, passed over: ${there}`);
      },
      onPassedOver: (name) => this.#say(`${shortName(name)}: passed over, not named as a picture`),
      onPicture: (file) => this.#playPicture(file),
    });
  }

  async #inTurn<T>(send: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(send);
    this.#turn = mine.catch(() => undefined);
    return await mine;
  }

  #plug(): void {
    const port = openVirtualPort({ link: this.#options.link });
    this.#port = port;
    // The gate's heartbeats and commands have to be read, or they would fill the port.
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
      await sleep(this.#clock, LOOK_AGAIN_MS);
      waitedMs += LOOK_AGAIN_MS;
    }
    await sleep(this.#clock, SETTLE_MS);
  }

  /** After a moment: a gate finds the port by itself, and has perhaps only just found the scanner. */
  async #waitForVerdicts(): Promise<void> {
    const { signal, script, waitMs } = this.#options;
    const msMax = script === undefined ? LISTENER_MS_MAX : waitMs;
    let waitedMs = 0;
    while (!signal.aborted && this.#verdicts?.isHeard() === false && waitedMs < msMax) {
      await sleep(this.#clock, LOOK_AGAIN_MS);
      waitedMs += LOOK_AGAIN_MS;
    }
    if (waitedMs > 0) await sleep(this.#clock, SETTLE_MS);
  }

  async #play(text: string, { name = 'typed', ...extra }: Play = {}): Promise<Heard | null> {
    const mine = this.#presentation.then(() => this.#present(text, { name, ...extra }));
    this.#presentation = mine.catch(() => undefined);
    return await mine;
  }

  async #present(text: string, { name = '', ...extra }: Play): Promise<Heard | null> {
    if (this.#port === null) {
      this.#say('unplugged: nothing sent (/replug first)');
      return null;
    }
    const misbehaviour = { ...this.#options.misbehaviour, ...extra };
    const send = async () => {
      const sent = await this.#inTurn(() => this.#player.play(text, misbehaviour));
      this.#played += 1;
      this.#say(`sent ${text.length} characters: ${shortText(text)}`);
      return sent;
    };
    try {
      if (!this.#listens()) {
        await send();
        return null;
      }
      const heard = (await this.#verdicts?.hear(send)) ?? null;
      if (!this.#options.signal.aborted) sayVerdict(this.#options.out, { name, heard });
      return heard;
    } catch (error) {
      this.#say(`not sent: ${describe(error)}`);
      return null;
    }
  }

  #listens(): boolean {
    if (this.#verdicts === null) return false;
    if (this.#verdicts.isHeard()) return true;
    if (!this.#isSilenceSaid)
      this.#say('no gate has its verdict port open: its answers are not heard');
    this.#isSilenceSaid = true;
    return false;
  }

  async #playPicture(file: string): Promise<void> {
    const reading = await this.#readPicture(file);
    if ('text' in reading) await this.#play(reading.text, { name: shortName(file) });
    else this.#unread += 1;
  }

  /** Says what was read, or why nothing was. */
  async #readPicture(file: string): Promise<{ text: string } | { reason: string }> {
    const fromMs = this.#clock.now().monoMs;
    let bytes: Uint8Array;
    try {
      if (statSync(file).size > PICTURE_BYTES_MAX) throw new Error('too large for a picture');
      bytes = readFileSync(file);
    } catch (error) {
      this.#say(`${shortName(file)}: cannot be read`);
      this.#say(`  ${describe(error)}`);
      return { reason: 'FILE_UNREADABLE' };
    }
    const reading = await readPicture(bytes, (what) => this.#say(`${shortName(file)}: ${what}`));
    const ms = (this.#clock.now().monoMs - fromMs).toFixed(0);
    if (!reading.ok) {
      this.#say(`${shortName(file)}: ${reading.reason} in ${ms} ms`);
      this.#say(`  ${reading.hint}`);
      return { reason: reading.reason };
    }
    this.#say(`${shortName(file)}: QR v${reading.version}-${reading.ecLevel} in ${ms} ms`);
    return { text: reading.text };
  }

  async #obey(command: TypedCommand): Promise<void> {
    switch (command.do) {
      case 'play':
        await this.#play(command.text, command.misbehaviour);
        return;
      case 'picture':
        return await this.#playPicture(command.file);
      case 'unplug':
        await this.#unplug();
        return this.#say('unplugged');
      case 'replug':
        return await this.#replug();
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
}
