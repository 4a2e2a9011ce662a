/** Rules about files that need no parser: sizes, heads, names, leftovers, links. */
import { dirname } from 'node:path';
import type { Finding } from './syntax.ts';

const FILE_LINES_MAX = 400;
const FOLDER_FILES_MAX = 20;

export function findLongFiles(
  among: readonly string[],
  linesOf: (file: string) => number,
): string[] {
  return among
    .filter((file) => linesOf(file) > FILE_LINES_MAX)
    .map((file) => `${file}: ${linesOf(file)} lines`);
}

export function findFullFolders(among: readonly string[]): string[] {
  return [...Map.groupBy(among, (file) => dirname(file))]
    .filter(([, members]) => members.length > FOLDER_FILES_MAX)
    .map(([folder, members]) => `${folder}: ${members.length} files`);
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

export function findMissingHeader(text: string): Finding[] {
  const has = /^(#!.*\n)?\/\*\*/.test(text);
  return has ? [] : [{ line: 1, what: 'does not begin by saying what it is' }];
}

export function isCatchAll(file: string): boolean {
  return /(^|\/)(utils?|helpers?|common|misc|index)(\.ts|\/)/.test(file);
}

/** Marks of work that was not finished; spelled in parts, or this file would be a find. */
const LEFT_OVER = new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', '@ts-' + 'ignore'].join('|'));

export function isLeftOver(text: string): boolean {
  return LEFT_OVER.test(text);
}

/** What a merge leaves between two versions that somebody has to choose from. */
export function isHalfMerged(text: string): boolean {
  return /^(<{7} |={7}$|>{7} )/m.test(text);
}

export function isSkipping(text: string): boolean {
  return /\.(skip|only)\(/.test(text);
}

/** Links of a document to files that are not there; addresses elsewhere are not followed. */
export function findBrokenLinks(text: string, exists: (path: string) => boolean): string[] {
  return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^[a-z]+:/.test(target) && !exists(target));
}

/**
 * Sources and documents that a text names in code style and that are nowhere: by their whole path, from the
 * document's folder, or by the end of a path within its room.
 */
export function findGoneFiles(
  text: string,
  { document, files }: { document: string; files: readonly string[] },
): string[] {
  const folder = dirname(document);
  const room = folder === '.' || folder.startsWith('docs') ? '' : `${folder.split('/')[0]}/`;
  const named = [...text.matchAll(/`(?:@stile\/)?((?:[\w.-]+\/)*[\w-]+[\w.-]*\.(?:tsx?|sh|md))`/g)];
  return named
    .map(([, path = '']) => path)
    .filter((path) => {
      const isIt = (file: string) =>
        [path, `${folder}/${path}`].includes(file) ||
        (file.startsWith(room) && file.endsWith(`/${path}`));
      return !files.some(isIt);
    });
}
