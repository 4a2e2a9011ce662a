/** What the house rules look at: the files that git would keep, which of them are product, which room owns them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const ROOMS = [
  'protocol',
  'crypto',
  'host',
  'hardware',
  'phone',
  'gate',
  'settlement',
  'web',
  'cli',
  'demo',
  'bench',
  'scripts',
] as const;

/** Every file of the repository that is there, tracked or about to be. */
export const files: readonly string[] = execFileSync(
  'git',
  ['ls-files', '-co', '--exclude-standard'],
  { cwd: ROOT },
)
  .toString()
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));

export const sources: readonly string[] = files.filter((file) => /\.tsx?$/.test(file));

export function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

export function linesOf(file: string): number {
  return read(file).split('\n').length - 1;
}

/** By path: what only tests use lives in `testing/`, contracts stand beside the port that they test. */
export function isTestOnly(file: string): boolean {
  return /\.(test|contract)\.tsx?$|(^|\/)testing\//.test(file);
}

export const productSources: readonly string[] = sources.filter((file) => !isTestOnly(file));

/** The path in this repository that an import names, or undefined for npm and node. */
export function ourPath(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('@stile/')) return specifier.slice('@stile/'.length);
  if (!specifier.startsWith('.')) return undefined;
  return relative(ROOT, normalize(join(ROOT, dirname(file), specifier)));
}
