/**
 * Everything that the demo sets up before the first rider comes: settlement, a gate with its virtual
 * parts, riders with phones and money. Each is a process of its own; this file only starts them.
 */
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  drawQr,
  encodeJpeg,
  encodePng,
  photograph,
  type Shot,
} from '@stile/hardware/picture/draw.ts';
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import { Cable } from './cable.ts';
import { type Line, parseLine, Running, stile, stileJson } from './processes.ts';

export const LINE = 'L1';
export const FARE_CENTS = 250;
/** Fast enough for an audience; a real gate syncs every few seconds. */
const SYNC_MS = 500;
const OPEN_MS = 1_200;

export type Phone = { name: string; file: string; account: string };

export type Outcome = { verdict: string; reason: string | null; seq: number };

export class Stage {
  readonly folder: string;
  readonly #running: Running[] = [];
  settlement!: Running;
  gate!: Running;
  scanner!: Running;
  barrier!: Running;
  cable!: Cable;
  settlementUrl = '';
  /** Where the scanner page plays what a camera has read. */
  feedUrl = '';
  #shots = 0;
  #gateLine = 0;

  constructor(folder: string) {
    this.folder = folder;
    // A demo that was killed could not end its processes; they would hold ports of the same names.
    endLeftovers(folder);
    rmSync(folder, { recursive: true, force: true });
    for (const name of ['logs', 'phones', 'pictures', 'run']) {
      mkdirSync(join(folder, name), { recursive: true });
    }
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  start(name: string, ...args: string[]): Running {
    return this.#track(new Running(name, this.path('logs'), args));
  }

  #track(running: Running): Running {
    this.#running.push(running);
    appendFileSync(pidFile(this.folder), `${running.child.pid}\n`);
    return running;
  }

  async startSettlement(): Promise<void> {
    const data = this.path('settlement');
    const options = ['--data', data, '--port', '0', '--operator', 'Demo Transit'];
    const args = ['settlement', 'start', ...options];
    // Lives as long as this demo: nothing on its disk can open the seeds afterwards.
    const env = { STILE_SEED_KEY: randomBytes(32).toString('hex') };
    this.settlement = this.#track(new Running('settlement', this.path('logs'), args, env));
    const { found } = await this.settlement.waitFor('its address', (line) => {
      const url = parseLine(line)?.url;
      return typeof url === 'string' ? url : undefined;
    });
    this.settlementUrl = found;
    await this.operate('set-fare', LINE, String(FARE_CENTS));
  }

  /** Runs one operator command and gives its JSON. */
  async operate<T>(command: string, ...args: string[]): Promise<T> {
    const where = ['--data', this.path('settlement'), '--url', this.settlementUrl];
    return await stileJson<T>('settlement', command, ...args, ...where);
  }

  async startHardware(): Promise<void> {
    const { path } = this;
    this.scanner = this.start(
      'scanner',
      ...['scanner', '--link', path.call(this, 'run', 'ttyGATE0')],
      ...['--watch', path.call(this, 'pictures'), '--no-stdin', '--stay', '--feed', '0'],
    );
    this.barrier = this.start(
      'barrier',
      ...['barrier', '--link', path.call(this, 'run', 'ttyBARRIER0')],
      ...['--record', path.call(this, 'barrier.ndjson')],
    );
    const display = this.start('display', 'display', '--link', this.path('run', 'ttyDISPLAY0'));
    const up = (line: string) => (/ at /.test(line) ? true : undefined);
    for (const part of [this.scanner, this.barrier, display]) await part.waitFor('its port', up);
    const feed = (line: string) => /http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(line)?.[0];
    this.feedUrl = (await this.scanner.waitFor('its feed', feed)).found;
  }

  /** Enrols the gate through the cable and starts it. */
  async enrolGate(): Promise<void> {
    this.cable = new Cable(this.settlementUrl);
    await this.cable.plug();
    const config = this.path('gate.json');
    const content = {
      dataDir: './gate',
      scanner: { path: './run/ttyGATE0', baud: 115_200 },
      barrier: { path: './run/ttyBARRIER0', baud: 9_600, channel: 1, openMs: OPEN_MS },
      display: { path: './run/ttyDISPLAY0', baud: 9_600 },
      settlement: { url: this.cable.url, syncEveryMs: SYNC_MS, listsEveryMs: SYNC_MS },
      rules: { presentationMs: 1_000 },
    };
    writeFileSync(config, `${JSON.stringify(content, null, 2)}\n`);
    const { token } = await this.operate<{ token: string }>(
      'add-gate',
      ...['--gate', 'harbour-1', '--line', LINE],
    );
    await stile('gate', 'enrol', '--config', config, '--token', token);
    await this.startGate();
  }

  async startGate(): Promise<Line> {
    this.gate = this.start('gate', 'gate', '--config', this.path('gate.json'));
    const devices = new Set<unknown>();
    this.#gateLine = 0;
    let ready: Line | undefined;
    const { found, next } = await this.gate.waitFor('ready', (text) => {
      const line = parseLine(text);
      if (line?.msg === 'ready') ready = line;
      if (line?.msg === 'device' && line.connected === true) devices.add(line.device);
      return devices.has('scanner') && devices.has('barrier') ? ready : undefined;
    });
    this.#gateLine = next;
    return found;
  }

  async enrolRider(name: string, algorithm: string, cents: number): Promise<Phone> {
    const file = this.path('phones', `${name}.json`);
    const { account } = await stileJson<{ account: string }>(
      'rider',
      'enrol',
      ...['--phone', file, '--settlement', this.settlementUrl, '--algorithm', algorithm],
    );
    if (cents > 0) await stile('rider', 'top-up', '--phone', file, String(cents));
    return { name, file, account };
  }

  /** The text that a phone shows, made without any network. */
  async makeCode(phone: Phone, at?: Date): Promise<string> {
    const clock = at === undefined ? [] : ['--at', at.toISOString()];
    const text = await stile('rider', 'code', '--phone', phone.file, ...clock);
    return text.replace(/\n$/, '');
  }

  /** Takes a picture of a phone that shows a text, and holds it before the scanner. */
  async show(text: string, shot: Partial<Shot>, kind: 'png' | 'jpg' = 'png'): Promise<void> {
    this.#shots += 1;
    const full: Shot = {
      width: 900,
      height: 700,
      turnDegrees: 0,
      share: 0.85,
      blurPx: 0,
      noise: 0,
      shade: 0,
      ...shot,
    };
    const photo = photograph(await drawQr(text), {
      shot: full,
      random: createSeededRandom(this.#shots),
    });
    const bytes = kind === 'png' ? encodePng(photo) : encodeJpeg(photo, 80);
    const name = `${String(this.#shots).padStart(2, '0')}.${kind}`;
    writeFileSync(this.path('pictures', name), bytes);
  }

  /** What the gate said to the next presentation. */
  async outcome(): Promise<Outcome> {
    const { found, next } = await this.gate.waitFor(
      'a verdict',
      (text) => {
        const line = parseLine(text);
        // An ask is judged by settlement; the gate says what it did about it in the same words.
        if (line?.msg !== 'tap' && line?.msg !== 'answer') return undefined;
        const reason = typeof line.reason === 'string' ? line.reason : null;
        return { verdict: String(line.verdict), reason, seq: Number(line.seq) };
      },
      this.#gateLine,
    );
    this.#gateLine = next;
    return found;
  }

  /** Waits for a log line of the gate, from the newest that was looked at on. */
  async gateSays(what: string, pick: (line: Line) => boolean): Promise<void> {
    await this.gate.waitFor(what, (text) => {
      const line = parseLine(text);
      return line !== undefined && pick(line) ? true : undefined;
    });
  }

  /** Waits until the record of the barrier shows it closed. */
  async barrierClosed(): Promise<void> {
    const isClosed = () => this.barrier.lines.findLast((line) => /OPEN|CLOSED/.test(line));
    if (isClosed()?.includes('CLOSED')) return;
    const from = this.barrier.lines.length;
    await this.barrier.waitFor(
      'closed',
      (line) => (line.includes('CLOSED') ? true : undefined),
      from,
    );
  }

  barrierOpenings(): number {
    const record = readFileSync(this.path('barrier.ndjson'), 'utf8').trim().split('\n');
    return record.filter((line) => parseLine(line)?.state === 'open').length;
  }

  async end(): Promise<void> {
    for (const running of this.#running.reverse()) await running.end('SIGTERM');
    await this.cable?.unplug();
    rmSync(pidFile(this.folder), { force: true });
  }
}

function pidFile(folder: string): string {
  return `${folder}.pids`;
}

/** Ends what an earlier demo in this folder has left running, and nothing else. */
function endLeftovers(folder: string): void {
  if (!existsSync(pidFile(folder))) return;
  const pids = readFileSync(pidFile(folder), 'utf8').split('\n').filter(Boolean).map(Number);
  for (const pid of pids) {
    try {
      // The number may belong to another program by now: only one that names our folder is ours.
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (command.includes(folder)) process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  rmSync(pidFile(folder));
}
