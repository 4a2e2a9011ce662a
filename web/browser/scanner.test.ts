/**
 * The scanner page with a camera that shows a phone: a fake video goes through the decoder in the browser,
 * over the feed, onto the pseudo-terminal, and arrives at the gate's own scanner driver.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { drawQr, encodePng, photograph, type Raster } from '@stile/hardware/picture/draw.ts';
import { runScannerTool } from '@stile/hardware/scanner/tool.ts';
import { VerdictsDriver } from '@stile/hardware/verdicts/driver.ts';
import { digestScan, type VerdictMessage } from '@stile/hardware/verdicts/frames.ts';
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import { SerialPort } from 'serialport';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DESK, openBrowser, openPage, screenshot } from '../testing/chromium.ts';
import { Town } from '../testing/town.ts';

const CODE = '71000123454611924629';
const [WIDTH, HEIGHT] = [640, 480];

let folder: string;
let town: Town;
let stop: AbortController;
let tool: Promise<unknown>;
let feedUrl: string;
let port: SerialPort;
let gate: VerdictsDriver;
let received: string;
let onBytes: () => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stile-scan-'));
  town = await Town.open();
  stop = new AbortController();
  const link = join(folder, 'tty');
  const output = waitFor(/feed at (\S+)/);
  tool = runScannerTool({
    link,
    verdictsLink: `${link}-verdicts`,
    baud: 0,
    suffix: 'crlf',
    pictures: [],
    misbehaviour: NONE,
    seed: 1,
    waitMs: 10_000,
    stay: true,
    out: output.out,
    signal: stop.signal,
    feedPort: 0,
  });
  feedUrl = await output.found;
  gate = new VerdictsDriver({ path: `${link}-verdicts`, baud: 115_200 });
  gate.start();
  received = '';
  onBytes = () => undefined;
  port = new SerialPort({ path: link, baudRate: 115_200 });
  port.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1');
    onBytes();
  });
});
afterEach(async () => {
  await new Promise((done) => port.close(done));
  await gate.release();
  stop.abort();
  await tool;
  await town.close();
  rmSync(folder, { recursive: true, force: true });
});

const NONE = {
  split: false,
  double: false,
  missingSuffix: false,
  acknowledge: false,
  noiseBytes: 0,
  damagedBytes: 0,
  endlessBytes: 0,
};

function waitFor(pattern: RegExp): { out: Writable; found: Promise<string> } {
  let text = '';
  let done: (found: string) => void;
  const found = new Promise<string>((resolve) => {
    done = resolve;
  });
  const out = new Writable({
    write(chunk, _encoding, next) {
      text += String(chunk);
      const match = pattern.exec(text)?.[1];
      if (match !== undefined) done(match);
      next();
    },
  });
  return { out, found };
}

async function scanText(): Promise<string> {
  return await new Promise((done) => {
    onBytes = () => {
      const end = received.indexOf('\r\n');
      if (end >= 0) done(received.slice(0, end));
    };
    onBytes();
  });
}

async function phonePicture() {
  const shot = { width: WIDTH, height: HEIGHT, turnDegrees: 6, share: 0.7 };
  const light = { blurPx: 1, noise: 8, shade: 0.2 };
  return photograph(await drawQr(CODE), {
    shot: { ...shot, ...light },
    random: createSeededRandom(1),
  });
}

/** One frame as raw video: luminance is the picture, colour is none. */
function asVideo({ pixels }: Raster): Buffer {
  const luma = Buffer.from(pixels);
  const chroma = Buffer.alloc((WIDTH * HEIGHT) / 2, 128);
  const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\nFRAME\n`);
  const frame = Buffer.from('FRAME\n');
  return Buffer.concat([head, luma, chroma, frame, luma, chroma]);
}

test('a code before the camera reaches the serial line of the virtual scanner', async () => {
  const video = join(folder, 'camera.y4m');
  writeFileSync(video, asVideo(await phonePicture()));
  const browser = await openBrowser([
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-video-capture=${video}`,
  ]);
  try {
    const context = await browser.newContext({ viewport: DESK });
    await context.grantPermissions(['camera'], { origin: town.url });
    const { page, pageErrors } = await openPage(context);
    await page.goto(`${town.url}/scanner/#feed=${feedUrl}`);
    await page.locator('[data-sent="PLAYED"]').first().waitFor();
    expect(await scanText()).toBe(CODE);
    await screenshot(page, 'scanner-desk');
    // What was read is not shown: who looks on could use it.
    expect(await page.content()).not.toContain(CODE);
    expect(pageErrors).toEqual([]);
  } finally {
    await browser.close();
  }
});

test('a picture does as well, and a page without a feed says how to get one', async () => {
  const picture = join(folder, 'phone.png');
  writeFileSync(picture, encodePng(await phonePicture()));
  const browser = await openBrowser();
  try {
    const { page, pageErrors } = await openPage(await browser.newContext({ viewport: DESK }));
    await page.goto(`${town.url}/scanner/#feed=${feedUrl}`);
    await page.locator('input[type=file]').setInputFiles(picture);
    expect(await scanText()).toBe(CODE);
    await page.goto('about:blank');
    await page.goto(`${town.url}/scanner/#feed=http://evil.example/${'k'.repeat(22)}`);
    await page.getByText('No virtual scanner is named').waitFor();
    await page.locator('[data-failure]').waitFor();
    expect(pageErrors).toEqual([]);
  } finally {
    await browser.close();
  }
});

/** The gate answers what it is shown. */
function answer(said: Pick<VerdictMessage, 'verdict' | 'reason' | 'words' | 'openMs'>): void {
  onBytes = () => {
    const end = received.indexOf('\r\n');
    if (end < 0) return;
    received = received.slice(end + 2);
    gate.tell({ scan: digestScan(Buffer.from(CODE)), ...said });
  };
}

test('the gate’s verdict fills the page: green with the arm up, red with the reason in words', async () => {
  const picture = join(folder, 'phone.png');
  writeFileSync(picture, encodePng(await phonePicture()));
  const browser = await openBrowser();
  try {
    const { page, pageErrors } = await openPage(await browser.newContext({ viewport: DESK }));
    await page.goto(`${town.url}/scanner/#feed=${feedUrl}`);
    await expect.poll(() => gate.connected).toBe(true);

    answer({ verdict: 'open', reason: null, words: ['WELCOME', 'Please pass'], openMs: 60_000 });
    await page.locator('input[type=file]').setInputFiles(picture);
    const screen = page.locator('.verdict');
    await page.locator('.verdict[data-verdict="open"]').waitFor();
    expect(await screen.innerText()).toMatch(/WELCOME\s+Please pass/);
    expect(await page.locator('.beam.up').count()).toBe(1);
    const box = await screen.boundingBox();
    expect([box?.width, box?.height]).toEqual([DESK.width, DESK.height]);
    await screenshot(page, 'scanner-open');
    await screen.click();
    await page.getByText('the gate opened').waitFor();

    const words: [string, string] = ['CODE ALREADY USED', 'Refresh the code'];
    answer({ verdict: 'refuse', reason: 'REPLAY', words, openMs: 0 });
    await page.locator('input[type=file]').setInputFiles([]);
    await page.locator('input[type=file]').setInputFiles(picture);
    await page.locator('.verdict[data-verdict="refuse"]').waitFor();
    expect(await screen.innerText()).toMatch(/CODE ALREADY USED\s+Refresh the code\s+REPLAY/);
    expect(await page.locator('.beam.up').count()).toBe(0);
    await screenshot(page, 'scanner-refused');
    expect(pageErrors).toEqual([]);
  } finally {
    await browser.close();
  }
});

test('two codes in a picture, and a file that is none, are answered as on the command line', async () => {
  const [one, two] = [await drawQr('TC1:ONE'), await drawQr('TC1:TWO')];
  const pixels = new Uint8Array(one.width * one.height * 2);
  for (let y = 0; y < one.height; y += 1) {
    for (const [side, { pixels: half }] of [one, two].entries()) {
      const row = half.subarray(y * one.width, (y + 1) * one.width);
      pixels.set(row, (y * 2 + side) * one.width);
    }
  }
  const both = join(folder, 'both.png');
  writeFileSync(both, encodePng({ width: one.width * 2, height: one.height, pixels }));
  const none = join(folder, 'none.png');
  writeFileSync(none, 'no picture');
  const browser = await openBrowser();
  try {
    const { page, pageErrors } = await openPage(await browser.newContext({ viewport: DESK }));
    await page.goto(`${town.url}/scanner/#feed=${feedUrl}`);
    await page.locator('input[type=file]').setInputFiles(both);
    await page.locator('[data-sent="SEVERAL_CODES"]').waitFor();
    await page.locator('input[type=file]').setInputFiles(none);
    await page.locator('[data-sent="NOT_A_PICTURE"]').waitFor();
    expect(received).toBe('');
    expect(pageErrors).toEqual([]);
  } finally {
    await browser.close();
  }
});
