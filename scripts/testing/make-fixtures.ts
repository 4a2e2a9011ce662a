/**
 * Writes everything below `fixtures/` but its README, byte for byte the same each time.
 * With --check it writes nothing and says which files are stale, missing or left over (exit code 1).
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equalBytes } from '@stile/protocol/bytes.ts';
import { print, sayError } from '../../cli/terminal.ts';
import { makeFixtures } from './all.ts';
import type { Tree } from './tree.ts';

const FOLDER = fileURLToPath(new URL('../../fixtures/', import.meta.url));
/** Written by people. */
const BY_HAND = new Set(['README.md', 'scenarios/evening.json']);

type Difference = { path: string; what: 'stale' | 'missing' | 'left over' };

/** What is not as it should be in `folder`. */
export function findStale(tree: Tree, folder: string): Difference[] {
  const differences: Difference[] = [];
  const present = new Set(listFiles(folder));
  for (const [path, bytes] of tree) {
    if (!present.has(path)) differences.push({ path, what: 'missing' });
    else if (!equalBytes(readFileSync(join(folder, path)), bytes)) {
      differences.push({ path, what: 'stale' });
    }
  }
  for (const path of present) {
    if (!tree.has(path) && !BY_HAND.has(path)) differences.push({ path, what: 'left over' });
  }
  return differences;
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length));
}

function write(tree: Tree, folder: string): void {
  for (const { path, what } of findStale(tree, folder)) {
    const file = join(folder, path);
    if (what === 'left over') rmSync(file);
    else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, tree.get(path) ?? '');
    }
    print(`${what === 'left over' ? 'removed' : 'wrote'} fixtures/${path}\n`);
  }
}

async function main(args: readonly string[]): Promise<number> {
  if (args.length > 1 || (args.length === 1 && args[0] !== '--check')) {
    sayError('usage: node scripts/testing/make-fixtures.ts [--check]\n');
    return 2;
  }
  const tree = await makeFixtures();
  if (args.length === 0) {
    write(tree, FOLDER);
    print(`${tree.size} fixtures are up to date.\n`);
    return 0;
  }
  const stale = findStale(tree, FOLDER);
  for (const { path, what } of stale) sayError(`${what}: fixtures/${path}\n`);
  if (stale.length > 0) sayError('Run "npm run fixtures" and look at what has changed.\n');
  else print(`${tree.size} fixtures are up to date.\n`);
  return stale.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
