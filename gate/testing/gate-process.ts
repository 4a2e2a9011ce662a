/**
 * A gate in a process of its own, as a supervisor starts it, on virtual hardware whose frames are kept; without
 * any settlement, and with a trust list that is good today.
 */
import { type ChildProcess, execFileSync, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type FrameRecord, startVirtualBarrier } from '@stile/hardware/barrier/virtual.ts';
import { openVirtualPort } from '@stile/hardware/serial/pty.ts';
import { systemClock, wallS } from '@stile/host/clock.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { onTestFinished } from 'vitest';
import { writeIdentity } from '../shell/identity.ts';
import { openReferenceStore } from '../shell/store/reference-store.ts';
import { LogLines } from './log-lines.ts';
import { gateKey, issuerKey, makeText, makeTrust, rootKey, signAsRoot, trustIn } from './phone.ts';

const STILE = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
/** Nothing but an end closes the arm meanwhile. */
const OPEN_MS = 60_000;
const DAY_S = 86_400;

/** A file system of so many bytes, or null where this user may mount none. */
export function mountSmallDisk(bytes: number): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'stile-disk-'));
  const size = `size=${bytes},mode=700`;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return null;
  }
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', folder]);
    rmdirSync(folder);
  });
  return folder;
}

/** An enrolled box: its directory is `gate` in `parent`; the parts are plugged in. */
export async function makeBox(parent = scratchDir()) {
  const dataDir = join(parent, 'gate');
  mkdirSync(dataDir, { mode: 0o700 });
  const own = { gate: 'g1', line: 'M1', scope: 1, operator: 'Test operator' };
  writeIdentity(dataDir, { ...own, root: trustIn(rootKey).state, key: gateKey.privateJwk });
  const nowS = wallS(systemClock);
  const [key] = makeTrust().issuers;
  if (key === undefined) throw new Error('the scripted trust list has a key');
  const list = makeTrust({
    issuedAtS: nowS - DAY_S,
    expiresAtS: nowS + DAY_S,
    issuers: [{ ...key, notBeforeS: nowS - 100 * DAY_S, notAfterS: nowS + 100 * DAY_S }],
  });
  const reference = await openReferenceStore(dataDir, trustIn(rootKey));
  reference.applyTrust(list, { jws: await signAsRoot('stile-trust-list+jws', list) });
  reference.close();
  const links = scratchDir();
  const scanner = openVirtualPort({ link: join(links, 'scanner') });
  const arm = { frames: [] as FrameRecord['state'][], moved: new EventTarget() };
  const barrier = startVirtualBarrier({
    link: join(links, 'barrier'),
    clock: systemClock,
    onFrame({ state }) {
      arm.frames.push(state);
      arm.moved.dispatchEvent(new Event('frame'));
    },
  });
  onTestFinished(async () => {
    await scanner.close();
    await barrier.close();
  });
  const config = join(links, 'gate.json');
  const content = {
    dataDir,
    scanner: { path: scanner.path },
    barrier: { path: barrier.path, openMs: OPEN_MS },
    settlement: { url: 'http://127.0.0.1:9' },
    rules: { passbackS: 0, presentationMs: 0 },
  };
  writeFileSync(config, JSON.stringify(content), { mode: 0o600 });
  let counter = 0;
  /** The next good code of a phone. */
  async function show(): Promise<void> {
    counter += 1;
    const code = makeText(
      {
        counter,
        allowance: 255,
        issuedAtS: nowS - DAY_S,
        generatedAtS: wallS(systemClock) - 1,
      },
      { issuer: issuerKey },
    );
    await scanner.write(Buffer.from(`${code}\r`));
  }
  return { arm, config, isScanned: () => scanner.hasReader(), show };
}

/** `fileKibMax`: no file may grow beyond it, which a disk says otherwise than that it is full. */
export function startGateProcess(
  config: string,
  { fileKibMax, output }: { fileKibMax?: number; output?: number } = {},
) {
  const limit = fileKibMax === undefined ? 'unlimited' : String(fileKibMax);
  const command = ['-c', `ulimit -f ${limit}; exec "$@"`, 'bash', process.execPath, STILE];
  const stdio: StdioOptions =
    output === undefined ? ['ignore', 'pipe', 'pipe'] : [output, output, output];
  const program = output === undefined ? [] : ['setsid', '--ctty'];
  const [first = '', ...rest] = [...program, 'bash', ...command, 'gate', '--config', config];
  const child: ChildProcess = spawn(first, rest, { stdio });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const log = new LogLines();
  const { stdout, stderr } = child;
  if (stdout !== null) createInterface({ input: stdout as Readable }).on('line', log.write);
  const said = stderr === null ? Promise.resolve('') : text(stderr as Readable);
  return { child, exited, log, said };
}
