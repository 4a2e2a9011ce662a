/**
 * Files that do not keep a rule yet, a list for each rule. A file that is not listed has to keep it. Run as
 * a program it writes the lists anew, so that they get shorter; what is new does not get onto them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { findMissingHeader } from './files.ts';
import { findLongSignatures } from './signatures.ts';
import type { Finding } from './syntax.ts';
import { findForeignTime, HELD_ROOMS } from './time-and-chance.ts';
import { productSources, read, sources } from './tree.ts';

const LISTS = new URL('to-go.json', import.meta.url);

type Find = (text: string, file: string) => Finding[];

const toGo: Record<string, string[]> = JSON.parse(readFileSync(LISTS, 'utf8'));

/** What breaks the rule in files that are not listed, a line each. */
export function findUnlisted(
  rule: string,
  { among, find }: { among: readonly string[]; find: Find },
): string[] {
  return among
    .filter((file) => !toGo[rule]?.includes(file))
    .flatMap((file) => find(read(file), file).map(({ line, what }) => `${file}:${line} ${what}`));
}

if (import.meta.main) {
  const held = productSources.filter((file) => HELD_ROOMS.some((room) => file.startsWith(room)));
  const rules: [string, readonly string[], Find][] = [
    ['parameters', sources, findLongSignatures],
    ['time', held, findForeignTime],
    ['headers', sources, findMissingHeader],
  ];
  const lists = rules.map(([rule, among, find]) => [
    rule,
    among.filter((file) => find(read(file), file).length > 0).sort(),
  ]);
  writeFileSync(LISTS, `${JSON.stringify(Object.fromEntries(lists), null, 2)}\n`);
}
