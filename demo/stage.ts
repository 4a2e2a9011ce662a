/**
 * Everything that the demo sets up before the first rider comes: settlement, a gate with its virtual
 * parts, riders with phones and money. Each is a process of its own; this file only starts them.
 */
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
import { systemRandom } from '@stile/host/random.ts';
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import { Cable } from './cable.ts';
import { CURRENCY, plainMoney } from './money.ts';
import {
  type LogRecord,
  type ProcessOptions,
  parseRecord,
  StileProcess,
  stile,
  stileJson,
} from './processes.ts';
import { addressOf, Scale } from './scale.ts';

export const LINE = 'L1';
export const FARE_CENTS = 250;
/** Fast enough for an audience; a real gate syncs every few seconds. */
const SYNC_MS = 500;
const OPEN_MS = 1_200;

/** Anybody may enrol here and money is made up; whom the operator knows may ride once on credit. */
const SETTINGS = {
  operator: 'Demo Transit',
  currency: CURRENCY,
  enrolment: { policy: 'open' },
  topUps: { mode: 'sandbox' },
  offline: { creditCents: { verified: 300 } },
};

export type Phone = { name: string; file: string; account: string };

export type NewPhone = { algorithm: string; topUpCents: number; isVerified: boolean };

export type Verdict = { verdict: string; reason: string | null; seq: number };

export class Stage {
  readonly folder: string;
  readonly #processes: StileProcess[] = [];
  gate!: StileProcess;
  scanner!: StileProcess;
  barrier!: StileProcess;
  cable!: Cable;
  settlementUrl = '';
  /** Where the scanner page plays what a camera has read. */
  feedUrl = '';
  #shots = 0;
  #isEnding = false;
  #nextGateLine = 0;
  #verdictsToOpen = 0;

  /** Why it cannot go on, once a process of it has ended by itself. */
  readonly ended: Promise<string>;
  #tellEnd!: (why: string) => void;
  readonly #port: number;

  /** Null: one process, with its books in a file. */
  readonly scale: Scale | null = null;

  /** `port`: of settlement; 0: any that is free. */
  constructor(folder: string, { isScaled = false, port = 0 } = {}) {
    this.folder = folder;
    this.#port = port;
    this.ended = new Promise((tell) => {
      this.#tellEnd = tell;
    });
    // A demo that was killed could not end its processes; they would hold ports of the same names.
    endLeftovers(folder);
    rmSync(folder, { recursive: true, force: true });
    for (const name of ['logs', 'phones', 'pictures', 'run']) {
      mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
    }
    if (isScaled) {
      this.scale = new Scale({
        logDir: this.path('logs'),
        data: this.path('settlement'),
        start: (name, options) => this.start(name, options),
      });
    }
  }

  /** Below the demo's own folder. */
  path(name: string): string {
    return join(this.folder, name);
  }

  start(name: string, { args, env = {} }: Pick<ProcessOptions, 'args' | 'env'>): StileProcess {
    if (this.#isEnding) throw new Error('the demo ends');
    const started = new StileProcess({ name, logDir: this.path('logs'), args, env });
    this.#processes.push(started);
    started.child.once('exit', () => {
      if (!this.#isEnding) this.#tellEnd(`${name} has ended: ${this.path(`logs/${name}.log`)}`);
    });
    appendFileSync(pidFile(this.folder), `${started.child.pid}\n`);
    return started;
  }

  async startSettlement(): Promise<void> {
    const data = this.path('settlement');
    const settings = this.path('settings.json');
    writeFileSync(settings, `${JSON.stringify(SETTINGS, null, 2)}\n`);
    const options = ['--data', data, '--port', String(this.#port), '--settings', settings];
    const args = ['settlement', 'start', ...options];
    // Lives as long as this demo: nothing on its disk can open the seeds afterwards.
    const env = { STILE_SEED_KEY: systemRandom.hex(32) };
    this.settlementUrl =
      this.scale === null
        ? await addressOf(this.start('settlement', { args, env }))
        : await this.scale.open({ args, env });
    await this.operate('set-fare', [LINE, '--fare', plainMoney(FARE_CENTS)]);
  }

  /** Runs one operator command and gives its JSON. */
  async operate<T>(command: string, args: readonly string[] = []): Promise<T> {
    const target = ['--data', this.path('settlement'), '--url', this.settlementUrl];
    return await stileJson<T>(['settlement', command, ...args, ...target]);
  }

  async startHardware(): Promise<void> {
    const watched = ['--watch', this.path('pictures'), '--no-stdin', '--stay', '--feed', '0'];
    this.scanner = this.start('scanner', {
      args: ['scanner', '--link', this.path('run/ttyGATE0'), ...watched],
    });
    const record = ['--record', this.path('barrier.ndjson')];
    this.barrier = this.start('barrier', {
      args: ['barrier', '--link', this.path('run/ttyBARRIER0'), ...record],
    });
    const display = this.start('display', {
      args: ['display', '--link', this.path('run/ttyDISPLAY0')],
    });
    for (const part of [this.scanner, this.barrier, display]) {
      await part.waitFor('its port', { pick: (line) => / at /.test(line) || undefined });
    }
    const { found } = await this.scanner.waitFor('its feed', {
      pick: (line) => /http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(line)?.[0],
    });
    this.feedUrl = found;
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
      verdicts: { path: './run/ttyGATE0-verdicts', baud: 115_200 },
      settlement: { url: this.cable.url, syncEveryMs: SYNC_MS, listsEveryMs: SYNC_MS },
      // The same riders come again within seconds here.
      rules: { presentationMs: 1_000, passbackS: 0 },
    };
    writeFileSync(config, `${JSON.stringify(content, null, 2)}\n`);
    const gate = ['--gate', 'harbour-1', '--line', LINE];
    const { token } = await this.operate<{ token: string }>('add-gate', gate);
    await stile(['gate', 'enrol', '--config', config, '--token', token]);
    await this.startGate();
  }

  async startGate(): Promise<LogRecord> {
    this.gate = this.start('gate', { args: ['gate', '--config', this.path('gate.json')] });
    const devices = new Set<unknown>();
    this.#nextGateLine = 0;
    let ready: LogRecord | undefined;
    const { found, next } = await this.gate.waitFor('ready', {
      pick(line) {
        const record = parseRecord(line);
        if (record?.msg === 'ready') ready = record;
        if (record?.msg === 'device' && record.connected === true) devices.add(record.device);
        return devices.has('scanner') && devices.has('barrier') ? ready : undefined;
      },
    });
    this.#nextGateLine = next;
    return found;
  }

  async enrolRider(name: string, { algorithm, topUpCents, isVerified }: NewPhone): Promise<Phone> {
    const file = this.path(`phones/${name}.json`);
    const options = ['--settlement', this.settlementUrl, '--algorithm', algorithm];
    if (isVerified) {
      const verified = ['--kind', 'verified', '--person', name];
      const { invite } = await this.operate<{ invite: string }>('invite', verified);
      options.push('--invite', invite);
    }
    const enrol = ['rider', 'enrol', '--phone', file, ...options];
    const { account } = await stileJson<{ account: string }>(enrol);
    if (topUpCents > 0) {
      await stile(['rider', 'top-up', '--phone', file, '--amount', plainMoney(topUpCents)]);
      // The pass of its enrolment had nothing behind it.
      await stile(['rider', 'renew', '--phone', file]);
    }
    return { name, file, account };
  }

  /** The text that a phone shows, made without any network. */
  async makeCode(phone: Phone, at?: Date): Promise<string> {
    const clock = at === undefined ? [] : ['--at', at.toISOString()];
    const text = await stile(['rider', 'code', '--phone', phone.file, ...clock]);
    return text.replace(/\n$/, '');
  }

  /** Takes a picture of a phone that shows a text, and holds it before the scanner. */
  async show(
    text: string,
    { shot, kind }: { shot: Partial<Shot>; kind: 'png' | 'jpg' },
  ): Promise<void> {
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
    writeFileSync(this.path(`pictures/${name}`), bytes);
  }

  /** What the gate said to the next presentation. */
  async nextVerdict(): Promise<Verdict> {
    const { found, next } = await this.gate.waitFor('a verdict', {
      from: this.#nextGateLine,
      pick(line) {
        const record = parseRecord(line);
        // An authorisation is settlement's; the gate says what it did about it in the same words.
        if (record?.msg !== 'tap' && record?.msg !== 'answer') return undefined;
        const reason = typeof record.reason === 'string' ? record.reason : null;
        return { verdict: String(record.verdict), reason, seq: Number(record.seq) };
      },
    });
    this.#nextGateLine = next;
    if (found.verdict === 'open') this.#verdictsToOpen += 1;
    return found;
  }

  /** Waits for a log record of the gate. */
  async gateSays(what: string, isIt: (record: LogRecord) => boolean): Promise<void> {
    await this.gate.waitFor(what, {
      pick(line) {
        const record = parseRecord(line);
        return (record !== undefined && isIt(record)) || undefined;
      },
    });
  }

  /** Waits until the barrier has opened for every open verdict so far, and is closed behind the last one. */
  async barrierClosed(): Promise<void> {
    await this.barrier.waitFor('closed', { pick: closedBehind(this.#verdictsToOpen) });
  }

  barrierOpenings(): number {
    const record = readFileSync(this.path('barrier.ndjson'), 'utf8').trim().split('\n');
    return record.filter((line) => parseRecord(line)?.state === 'open').length;
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    for (const started of this.#processes.reverse()) await started.end('SIGTERM');
    await this.cable?.unplug();
    await this.scale?.end();
    rmSync(pidFile(this.folder), { force: true });
  }
}

/**
 * Of a barrier's lines from the first on: the one that says that it is closed after so many openings. The verdict is in the
 * gate's log before the arm moves.
 */
export function closedBehind(openings: number): (line: string) => true | undefined {
  let seen = 0;
  return (line) => {
    if (line.includes(' OPEN ')) seen += 1;
    return (seen >= openings && line.includes(' CLOSED ')) || undefined;
  };
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
