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
const PICTURE_NAME = /\.(png|jpe?g|gif|bmp|webp|avif|hei[cf]|tiff?|pdf|svg)$/i;

export type WatchOptions = {
  clock: Clock;
  signal: AbortSignal;
  /** `there`: how many pictures are in it already. */
  onStart: (there: number) => void;
  /** A file that appears and is not taken for a picture; each name once. */
  onPassedOver: (name: string) => void;
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
  const { clock, signal, onStart, onPicture, onPassedOver } = options;
  const there = listPictures(folder);
  const done = new Set<string>(there.map(keyOf));
  const passedOver = new Set<string>(namesIn(folder));
  onStart(there.length);
  const watcher = watch(folder);
  try {
    let wake: () => void = () => undefined;
    watcher.on('change', () => wake());
    watcher.on('error', () => wake());
    signal.addEventListener('abort', () => wake());
    while (!signal.aborted) {
      for (const name of namesIn(folder)) {
        if (isPicture(name) || passedOver.has(name)) continue;
        passedOver.add(name);
        onPassedOver(name);
      }
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
    .filter(isPicture)
    .sort()
    .map((name) => ({ name, version: versionOf(join(folder, name)) }));
}

function isPicture(name: string): boolean {
  return PICTURE_NAME.test(name) && !name.startsWith('.');
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
