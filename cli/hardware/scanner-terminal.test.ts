/** `stile scanner` at a terminal: when it reads what is typed, and how it is left. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawQr, encodePng } from '@stile/hardware/picture/draw.ts';
import { ScannerDriver } from '@stile/hardware/scanner/driver.ts';
import { openVirtualPort } from '@stile/hardware/serial/pty.ts';
import type { VirtualPort } from '@stile/hardware/serial/virtual-port.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';

const STILE = fileURLToPath(new URL('../main.ts', import.meta.url));

let folder: string;
let terminal: VirtualPort;
let gate: ScannerDriver;
let scanned: string;
let shown: string;
let picture: string;
let tool: ChildProcess | undefined;

beforeEach(async () => {
  folder = scratchDir();
  terminal = openVirtualPort();
  scanned = '';
  shown = '';
  picture = join(folder, 'code.png');
  writeFileSync(picture, encodePng(await drawQr('TC1:PICTURE')));
  gate = new ScannerDriver({
    path: join(folder, 'ttyGATE0'),
    baud: 115_200,
    configure: 'none',
    heartbeatMs: 0,
    onBytes: (bytes) => {
      scanned += Buffer.from(bytes).toString('latin1');
    },
  });
  gate.start();
});

afterEach(async () => {
  if (tool?.exitCode === null) {
    const gone = once(tool, 'exit');
    tool.kill('SIGKILL');
    await gone;
  }
  await gate.release();
  await terminal.close();
});

/** Starts it with the terminal as its standard input; `ended` has its exit code. */
function start(...options: string[]) {
  const stdin = openSync(terminal.devicePath, 'r+');
  const link = ['--link', join(folder, 'ttyGATE0')];
  tool = spawn(process.execPath, [STILE, 'scanner', ...link, ...options], {
    stdio: [stdin, 'pipe', 'inherit'],
  });
  closeSync(stdin);
  tool.stdout?.on('data', (bytes: Buffer) => {
    shown += String(bytes);
  });
  return once(tool, 'exit').then(([code]) => code as number | null);
}

test('pictures are played and it ends; what is typed meanwhile is left to the shell', async () => {
  const ended = start('--picture', picture);
  await terminal.write(Buffer.from('rm -r ./run\n'));
  expect(await ended).toBe(0);
  expect(scanned).toBe('TC1:PICTURE\r\n');
  expect(shown).not.toContain('Ctrl-C');
});

test('with --stay it says how to leave, scans what is typed, and /quit leaves', async () => {
  const ended = start('--picture', picture, '--stay');
  await expect.poll(() => shown, { timeout: 20_000 }).toContain('/quit or Ctrl-C ends');
  await terminal.write(Buffer.from('TC1:TYPED\n'));
  await expect.poll(() => scanned, { timeout: 20_000 }).toBe('TC1:PICTURE\r\nTC1:TYPED\r\n');
  await terminal.write(Buffer.from('/quit\n'));
  expect(await ended).toBe(0);
});

test('with --stay and nothing to type, Ctrl-C is named and leaves', async () => {
  const ended = start('--picture', picture, '--stay', '--no-stdin');
  await expect.poll(() => shown, { timeout: 20_000 }).toContain('Ctrl-C ends');
  await terminal.write(Buffer.from('TC1:TYPED\n'));
  tool?.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(scanned).toBe('TC1:PICTURE\r\n');
});
