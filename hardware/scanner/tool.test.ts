/** The testers' scanner, over a real pseudo-terminal, read by a real serial port. */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { drawQr, encodeJpeg, encodePng, photograph } from '../picture/draw.ts';
import { createWaiter } from '../testing/waiter.ts';
import { VerdictsDriver } from '../verdicts/driver.ts';
import { digestScan } from '../verdicts/frames.ts';
import { ScannerDriver } from './driver.ts';
import type { SettingsReport } from './settings.ts';
import { runScannerTool, type ScannerToolOptions } from './tool.ts';

let folder: string;
let link: string;
let abort: AbortController;
let shown: string;
let received: string;
let connections: boolean[];
const { until, wake } = createWaiter();
let driver: ScannerDriver;
let configured: SettingsReport | undefined;
const ended: Promise<unknown>[] = [];

const out = new Writable({
  write(chunk, _encoding, done) {
    shown += String(chunk);
    wake();
    done();
  },
});

beforeEach(() => {
  folder = scratchDir();
  link = join(folder, 'ttyGATE0');
  abort = new AbortController();
  shown = '';
  received = '';
  connections = [];
  configured = undefined;
});

afterEach(async () => {
  abort.abort();
  await Promise.allSettled(ended.splice(0));
  await driver.release();
  expect(shown.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

/** Starts the tool and a gate's driver on its port. */
function start(options: Partial<ScannerToolOptions>, configure: 'none' | 'gm65' = 'none') {
  const tool = runScannerTool({
    link,
    baud: 0,
    suffix: 'crlf',
    pictures: [],
    misbehaviour: {},
    seed: 1,
    waitMs: 20_000,
    stay: false,
    out,
    signal: abort.signal,
    ...options,
  });
  ended.push(tool);
  driver = new ScannerDriver({
    path: link,
    baud: 115_200,
    configure,
    heartbeatMs: 50,
    onBytes: (bytes) => {
      received += Buffer.from(bytes).toString('latin1');
      wake();
    },
    onState: (connected) => {
      connections.push(connected);
      wake();
    },
    onConfigured: (report) => {
      configured = report;
      wake();
    },
  });
  driver.start();
  return tool;
}

async function writePicture(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  writeFileSync(file, encodePng(await drawQr(text)));
  return file;
}

describe('pictures', () => {
  test('are played in order, and the tool ends by itself', async () => {
    const drawing = await drawQr(`TC1:${'A1'.repeat(150)}`);
    const shot = {
      width: 640,
      height: 480,
      turnDegrees: 15,
      share: 0.8,
      blurPx: 1,
      noise: 20,
      shade: 0.2,
    };
    const photo = join(folder, 'photo.jpeg');
    writeFileSync(
      photo,
      encodeJpeg(photograph(drawing, { shot, random: createSeededRandom(1) }), 70),
    );
    const pictures = [await writePicture('first.png', 'TC1:FIRST'), photo];
    expect(await start({ pictures })).toEqual({ played: 2, unread: 0 });
    expect(received).toBe(`TC1:FIRST\r\nTC1:${'A1'.repeat(150)}\r\n`);
    expect(shown).toMatch(/photo\.jpeg: QR v10-M in \d+ ms\nsent 304 characters: TC1:A1/);
  });

  test('that cannot be read are said with their reason, and the next one is played', async () => {
    const wall = join(folder, 'wall.png');
    writeFileSync(
      wall,
      encodePng({ width: 99, height: 99, pixels: new Uint8Array(9_801).fill(9) }),
    );
    const pictures = [wall, join(folder, 'absent.png'), await writePicture('ok.png', 'TC1:OK')];
    expect(await start({ pictures })).toEqual({ played: 1, unread: 2 });
    expect(received).toBe('TC1:OK\r\n');
    expect(shown).toMatch(/wall\.png: NO_CODE_FOUND in \d+ ms\n {2}no code/);
    expect(shown).toMatch(/absent\.png: cannot be read\n {2}ENOENT/);
  });
});

describe('a watched folder', () => {
  test('is played as pictures appear, each once, half-written ones when they are whole', async () => {
    const watchDir = join(folder, 'in');
    mkdirSync(watchDir);
    writeFileSync(join(watchDir, 'old.png'), encodePng(await drawQr('TC1:OLD')));
    const tool = start({ watchDir });
    await until(() => shown.includes('watching'));
    writeFileSync(join(watchDir, '.hidden.png'), encodePng(await drawQr('TC1:HIDDEN')));
    writeFileSync(join(watchDir, 'one.png.part'), encodePng(await drawQr('TC1:PART')));
    writeFileSync(join(watchDir, 'one.png'), encodePng(await drawQr('TC1:ONE')));
    await until(() => received.includes('TC1:ONE\r\n'));

    const bytes = encodePng(await drawQr('TC1:TWO'));
    writeFileSync(join(watchDir, 'two.png'), bytes.subarray(0, 200));
    await until(() => shown.includes('two.png: NOT_A_PICTURE'));
    appendFileSync(join(watchDir, 'two.png'), bytes.subarray(200));
    await until(() => received.includes('TC1:TWO\r\n'));

    abort.abort();
    await tool;
    expect(received).toBe('TC1:ONE\r\nTC1:TWO\r\n');
    expect(shown).toContain('were there already, passed over: 1\n');
    expect(shown.match(/one\.png\.part: passed over, not named as a picture\n/g)).toHaveLength(1);
    expect(shown).toContain('.hidden.png: passed over');
  });

  test('that does not exist, or is taken away, is said in a sentence', async () => {
    await expect(start({ watchDir: join(folder, 'nowhere') })).rejects.toThrow(
      /cannot watch .*nowhere: no such folder/,
    );
    await driver.release();
    const watchDir = join(folder, 'inbox');
    mkdirSync(watchDir);
    const tool = start({ watchDir });
    await until(() => shown.includes('watching'));
    rmSync(watchDir, { recursive: true });
    await expect(tool).rejects.toThrow(/cannot watch .*inbox any longer: ENOENT/);
  });
});

describe('typed texts', () => {
  test('are played; commands misbehave; the end of the input ends the tool', async () => {
    const input = new PassThrough();
    const tool = start({ input });
    const picture = await writePicture('typed.png', 'TC1:PICTURE');
    const lines = [
      'TC1: A B ',
      '/double TC1:D',
      '/ack TC1:ACK',
      '/nosuffix TC1:BARE',
      '',
      '/endless 5000',
      `/picture ${picture}`,
      '/unheard-of',
    ];
    input.end(`${lines.join('\n')}\n`);
    expect((await tool).played).toBe(6);
    const [plain, first, second, ack, bare, ...rest] = received.split('\r\n');
    expect([plain, first, second]).toEqual(['TC1: A B ', 'TC1:D', 'TC1:D']);
    expect(ack).toBe('\x02\x00\x00\x01\x0031TC1:ACK');
    expect(bare).toMatch(/^TC1:BARE([A-Z])\1{4999}$/);
    expect(rest).toEqual(['', 'TC1:PICTURE', '']);
    expect(shown).toContain('Commands:');
  });

  test('go out byte for byte as they were typed', async () => {
    const input = new PassThrough();
    const tool = start({ input });
    input.end(Buffer.concat([Buffer.from('é€\n'), Buffer.from([0xff, 0x80, 0x0a])]));
    await tool;
    expect(Buffer.from(received, 'latin1').toString('hex')).toBe('c3a9e282ac0d0aff800d0a');
  });

  test('unplug and replug: the gate loses the scanner and finds it again', async () => {
    const input = new PassThrough();
    const tool = start({ input });
    input.write('TC1:BEFORE\n');
    await until(() => received.includes('TC1:BEFORE\r\n'));
    input.write('/unplug\nTC1:LOST\n');
    await until(() => shown.includes('nothing sent'));
    await until(() => connections.at(-1) === false);
    input.write('/replug\nTC1:AFTER\n');
    await until(() => received.includes('TC1:AFTER\r\n'));
    expect(received).not.toContain('LOST');
    expect(connections).toEqual([true, false, true]);
    input.write('/quit\n');
    await tool;
  });
});

test('nothing is sent before a program has the port open, so nothing is lost', async () => {
  const input = new PassThrough();
  const tool = start({ input });
  input.end('TC1:FIRST\n');
  await tool;
  expect(shown).toMatch(/waiting for a program to open the port/);
  expect(received).toBe('TC1:FIRST\r\n');
});

test('a gate that sets up a GM65 finds one', async () => {
  const tool = start({ stay: true }, 'gm65');
  await until(() => configured !== undefined);
  expect(configured).toMatchObject({ ok: true });
  abort.abort();
  await tool;
});

test('an abort ends it, also while nobody reads what it plays', async () => {
  const pictures = [await writePicture('stuck.png', 'TC1:STUCK')];
  const tool = start({ pictures, misbehaviour: { endlessBytes: 4_000_000 }, waitMs: 0 });
  await driver.release();
  await until(() => shown.includes('stuck.png: QR'));
  abort.abort();
  expect(await tool).toMatchObject({ played: 0 });
  expect(shown).toMatch(/not sent: the (scanner|virtual port) /);
});

describe('a gate that says its verdicts', () => {
  test('is heard: each picture with what the gate answered, in words', async () => {
    const verdictsLink = join(folder, 'ttyGATE0-verdicts');
    const pictures = [
      await writePicture('good.png', 'TC1:GOOD'),
      await writePicture('used.png', 'TC1:USED'),
    ];
    const verdicts = new VerdictsDriver({ path: verdictsLink, baud: 115_200 });
    verdicts.start();
    const said = ended.push(start({ pictures, verdictsLink, misbehaviour: { noiseBytes: 9 } })) - 1;
    const tell = (text: string, words: [string, string]) => {
      const isOpen = words[0] === 'WELCOME';
      verdicts.tell({
        scan: digestScan(Buffer.from(text)),
        verdict: isOpen ? 'open' : 'refuse',
        reason: isOpen ? null : 'REPLAY',
        words,
        openMs: 0,
      });
    };
    await until(() => received.includes('TC1:GOOD\r\n'));
    tell('noise', ['CODE NOT READABLE', 'Hold still and retry']);
    tell('TC1:GOOD', ['WELCOME', 'Please pass']);
    await until(() => received.includes('TC1:USED\r\n'));
    tell('TC1:USED', ['CODE ALREADY USED', 'Refresh the code']);
    await ended[said];
    await verdicts.release();
    expect(shown).toContain('good.png: open\n');
    expect(shown).toContain('used.png: REPLAY: Code already used. Refresh the code\n');
  });

  test('is not waited for where there is none, and that is said once', async () => {
    const verdictsLink = join(folder, 'ttyGATE0-verdicts');
    const pictures = [await writePicture('a.png', 'TC1:A'), await writePicture('b.png', 'TC1:B')];
    expect(await start({ pictures, verdictsLink })).toEqual({ played: 2, unread: 0 });
    expect(shown.match(/answers are not heard/g)).toHaveLength(1);
  });
});
