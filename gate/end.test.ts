/** However a gate's process ends, its arm is told to close; and a full disk does not end it. Real processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { makeBox, mountSmallDisk, startGateProcess } from './testing/gate-process.ts';

const TERMINAL = fileURLToPath(new URL('./testing/terminal-process.ts', import.meta.url));
const DISK_BYTES = 2 * 1_048_576;
const FILE_KIB_MAX = 256;
const TAPS_MAX = 200;

type Box = Awaited<ReturnType<typeof makeBox>>;

async function untilArm({ arm }: Box, state: 'open' | 'closed'): Promise<void> {
  while (arm.frames.at(-1) !== state) await once(arm.moved, 'frame');
}

/** Takes all the room that there is; returns how to give it back. */
function fill(folder: string): () => void {
  const file = join(folder, 'filler');
  for (let bytes = DISK_BYTES; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    try {
      writeFileSync(file, new Uint8Array(bytes), { flag: 'a' });
    } catch {
      // As much as went in stays.
    }
  }
  return () => rmSync(file);
}

test('a gate on a full disk refuses, stays, and opens again when there is room; it ends and begins with the arm down', {
  timeout: 60_000,
}, async ({ skip }) => {
  const disk = mountSmallDisk(DISK_BYTES);
  if (disk === null) return skip('this user may mount nothing');
  const box = await makeBox(disk);
  const gate = startGateProcess(box.config);
  await gate.log.next('ready');
  await gate.log.next('device', ({ device }) => device === 'scanner');
  await box.show();
  await untilArm(box, 'open');
  let room = fill(disk);
  // What is left in the journal's file takes some more.
  for (let taps = 0; ; taps += 1) {
    expect(taps).toBeLessThan(TAPS_MAX);
    await box.show();
    const line = await gate.log.next(['tap', 'effect failed']);
    if (line.code === 'STORE_FULL') break;
  }
  gate.child.kill('SIGUSR2');
  await gate.log.next('timings not written');
  const opened = box.arm.frames.length;
  await box.show();
  await gate.log.next('effect failed', ({ code }) => code === 'STORE_FULL');
  expect(box.arm.frames).toHaveLength(opened);
  room();
  await box.show();
  expect(await gate.log.next('tap')).toMatchObject({ verdict: 'open' });
  gate.child.kill('SIGTERM');
  expect(await gate.exited).toEqual([0, null]);
  await untilArm(box, 'closed');
  expect(await gate.said).toBe('');
  room = fill(disk);
  box.arm.frames.splice(0);
  const again = startGateProcess(box.config);
  await again.log.next('the gate starts when there is room');
  await untilArm(box, 'closed');
  room();
  await again.log.next('ready');
  again.child.kill('SIGTERM');
  expect(await again.exited).toEqual([0, null]);
  expect(await again.said).toBe('');
});

test('a disk that fails ends the gate with a sentence, the arm first; the next start tells it too', {
  timeout: 60_000,
}, async () => {
  const box = await makeBox();
  const gate = startGateProcess(box.config, { fileKibMax: FILE_KIB_MAX });
  await gate.log.next('device', ({ device }) => device === 'scanner');
  await box.show();
  await untilArm(box, 'open');
  for (let taps = 0; ; taps += 1) {
    expect(taps).toBeLessThan(TAPS_MAX);
    await box.show();
    const line = await gate.log.next(['tap', 'the gate stops']);
    if (line.msg === 'the gate stops') break;
  }
  expect(await gate.exited).toEqual([1, null]);
  await untilArm(box, 'closed');
  expect(await gate.said).toMatch(/^stile: [^\n]+\n$/);
  box.arm.frames.splice(0);
  // Not one page of anything: it cannot start at all.
  const again = startGateProcess(box.config, { fileKibMax: 0 });
  expect(await again.exited).toEqual([1, null]);
  await untilArm(box, 'closed');
  expect(await again.said).toMatch(/^stile: [^\n]+\n$/);
});

test('a gate whose terminal has gone goes on, and ends when it is told to, the arm down', {
  timeout: 60_000,
}, async () => {
  const box = await makeBox();
  const terminal = spawn(process.execPath, [TERMINAL], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void terminal.kill('SIGKILL'));
  const [device] = await once(terminal.stdout, 'data');
  const output = openSync(String(device), constants.O_RDWR | constants.O_NOCTTY);
  const gate = startGateProcess(box.config, { output });
  closeSync(output);
  await untilArm(box, 'closed');
  const gone = once(terminal, 'exit');
  terminal.kill('SIGKILL');
  await gone;
  gate.child.kill('SIGHUP');
  await expect.poll(() => box.isScanned(), { timeout: 20_000 }).toBe(true);
  await box.show();
  await untilArm(box, 'open');
  gate.child.kill('SIGTERM');
  expect(await gate.exited).toEqual([0, null]);
  await untilArm(box, 'closed');
});
