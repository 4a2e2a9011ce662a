/** A folder whose pictures are given out as they appear, each once, when it has stopped growing. */
import { readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { type Clock, sleep } from '@stile/host/clock.ts';
import { VirtualPortError } from '../serial/virtual-port.ts';
import { describe } from './tool-output.ts';

/** How long a picture must not have grown. */
const GROWN_MS = 100;
/** Looked at again after a change, or so much later: a change may fall into the look itself. */
const LOOK_AGAIN_MS = 500;
const PICTURE_NAME = /\.(png|jpe?g)$/i;

export type WatchOptions = {
  clock: Clock;
  signal: AbortSignal;
  onStart: () => void;
  onPicture: (file: string) => Promise<void>;
};

/** @throws VirtualPortError if there is no such folder. */
export function checkFolder(folder: string): void {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new VirtualPortError(`cannot watch ${folder}: no such folder`);
  }
}

/**
 * Resolves at the signal. What is in the folder already is passed over.
 * @throws VirtualPortError once the folder cannot be read any longer.
 */
export async function watchFolder(folder: string, options: WatchOptions): Promise<void> {
  const { clock, signal, onStart, onPicture } = options;
  const done = new Set<string>(listPictures(folder).map(keyOf));
  onStart();
  const watcher = watch(folder);
  try {
    let wake: () => void = () => undefined;
    watcher.on('change', () => wake());
    watcher.on('error', () => wake());
    signal.addEventListener('abort', () => wake());
    while (!signal.aborted) {
      for (const picture of listPictures(folder)) {
        if (done.has(keyOf(picture))) continue;
        await sleep(clock, GROWN_MS);
        if (versionOf(join(folder, picture.name)) !== picture.version) continue;
        done.add(keyOf(picture));
        await onPicture(join(folder, picture.name));
      }
      await new Promise<void>((resume) => {
        const cancel = clock.alarm(clock.now().monoMs + LOOK_AGAIN_MS, resume);
        wake = () => {
          cancel();
          resume();
        };
      });
    }
  } finally {
    watcher.close();
  }
}

type Picture = { name: string; version: string };

function listPictures(folder: string): Picture[] {
  return namesIn(folder)
    .filter((name) => PICTURE_NAME.test(name) && !name.startsWith('.'))
    .sort()
    .map((name) => ({ name, version: versionOf(join(folder, name)) }));
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

function keyOf({ name, version }: Picture): string {
  return name + version;
}
