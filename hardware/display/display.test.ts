/** The display's bytes, and driver and virtual twin against each other over a pseudo-terminal. */

import { join } from 'node:path';
import { Writable } from 'node:stream';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createWaiter } from '../testing/waiter.ts';
import { DisplayDriver } from './driver.ts';
import { COLUMNS, createScreenDecoder, encodeScreen, INITIALISE, type Screen } from './frames.ts';
import { runDisplayTool } from './tool.ts';
import { startVirtualDisplay } from './virtual.ts';

describe('bytes', () => {
  test('two rows are: clear, move to row 1, text, move to row 2, text', () => {
    expect(Buffer.from(encodeScreen(['GO', 'FARE 2.50'])).toString('hex')).toBe(
      '0c' + '1f240101474f' + '1f2401024641524520322e3530',
    );
    expect(Buffer.from(INITIALISE).toString('hex')).toBe('1b40');
  });

  test('whatever text is shown, the display has it in 2 × 20 characters of ASCII', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.string({ unit: 'binary' }), fc.string()),
        fc.array(fc.nat(9)),
        (screen, cuts) => {
          const bytes = Buffer.concat([INITIALISE, encodeScreen(screen)]);
          const decoder = createScreenDecoder();
          let at = 0;
          for (const length of [...cuts, bytes.length]) {
            decoder.push(bytes.subarray(at, at + length));
            at += length;
          }
          expect(decoder.read()).toEqual(screen.map(asShown));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('whatever came before, a display that is started up shows the next screen', () => {
    const garbage = fc.array(fc.oneof(fc.constantFrom(0x1b, 0x1f, 0x24, 0x0c), fc.nat(255)), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(garbage, (bytes) => {
        const decoder = createScreenDecoder();
        decoder.push(Uint8Array.from(bytes));
        decoder.push(Buffer.concat([INITIALISE, encodeScreen(['GO', 'FARE 2.50'])]));
        expect(decoder.read()).toEqual(['GO', 'FARE 2.50'].map(asShown));
      }),
    );
  });

  test('no bytes make the decoder throw or leave its 2 × 20 characters', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const decoder = createScreenDecoder();
        decoder.push(bytes);
        for (const row of decoder.read()) expect(row).toMatch(/^[ -~]{20}$/);
      }),
    );
  });
});

function asShown(text: string): string {
  const units = text.slice(0, COLUMNS).replace(/\p{Surrogate}/gu, '?');
  return [...units]
    .map((char) => (/^[ -~]$/.test(char) ? char : '?'))
    .join('')
    .padEnd(COLUMNS);
}

describe('driver and twin', () => {
  let path: string;
  const { until, wake } = createWaiter();
  const open: (() => Promise<void>)[] = [];

  beforeEach(() => {
    path = join(scratchDir(), 'ttyDISPLAY0');
  });

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  function plug() {
    const screens: Screen[] = [];
    const display = startVirtualDisplay({
      link: path,
      onScreen: (screen) => {
        screens.push(screen);
        wake();
      },
    });
    open.push(() => display.close());
    return { display, screens };
  }

  function start() {
    const driver = new DisplayDriver({ path, baud: 9_600, onState: () => wake() });
    open.push(() => driver.release());
    driver.start();
    return driver;
  }

  test('the display shows what it was given, also when that was before it was there', async () => {
    const driver = start();
    driver.show(['WELCOME', 'HOLD CODE TO GLASS']);
    const { display } = plug();
    await until(() => display.screen[1].startsWith('HOLD CODE TO GLASS'));
    expect(display.screen).toEqual(['WELCOME             ', 'HOLD CODE TO GLASS  ']);
    driver.show(['GO', '']);
    await until(() => display.screen[0].startsWith('GO '));
    expect(display.screen[1].trim()).toBe('');
  });

  test('a display that comes back shows the last screen', async () => {
    const { display } = plug();
    const driver = start();
    driver.show(['CLOSED', 'USE GATE 2']);
    await until(() => display.screen[1].startsWith('USE GATE 2'));
    await display.close();
    const again = plug();
    await until(() => again.display.screen[1].startsWith('USE GATE 2'));
    expect(again.display.screen[0]).toBe('CLOSED              ');
  });

  test('the tool draws the screen within 80 columns, and ends when it is told to', async () => {
    let shown = '';
    const out = new Writable({
      write(chunk, _encoding, done) {
        shown += String(chunk);
        wake();
        done();
      },
    });
    const abort = new AbortController();
    const ended = runDisplayTool({ link: path, out, signal: abort.signal });
    const driver = start();
    driver.show(['GO', 'FARE 2.50']);
    await until(() => shown.includes('| FARE 2.50            |'));
    abort.abort();
    await ended;
    expect(shown.split('\n').every((line) => line.length <= 80)).toBe(true);
  });
});
