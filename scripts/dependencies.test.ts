/** Every npm package that a room's product code imports is in that room's package.json, not only in another's. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
type Manifest = Record<'dependencies' | 'devDependencies', Record<string, string>> & {
  workspaces: string[];
};

const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));

const root = readManifest('.');
const sources = execFileSync('git', ['ls-files', '*.ts', '*.tsx'], { cwd: ROOT })
  .toString()
  .split('\n')
  .filter((file) => file !== '' && !/\.(test|contract)\.tsx?$|(^|\/)testing\//.test(file));

/** The workspace that a file belongs to; what is in none belongs to the whole. */
function roomOf(file: string): string {
  const folder = file.split('/')[0] ?? '';
  return root.workspaces.includes(folder) ? folder : '.';
}

function packagesIn(file: string): string[] {
  const code = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const found = code.matchAll(
    /^(?:import|export)\b[^'";]*?from '([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm,
  );
  return [...found]
    .map((match) => match[1] ?? match[2] ?? '')
    .filter((name) => !name.startsWith('node:'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

test.each(['.', ...root.workspaces])('%s declares what it imports', (room) => {
  const { dependencies = {} } = readManifest(room);
  // Tools of the whole repository (vite, vitest, the browser of a benchmark) stand at its root.
  const tools = new Set(Object.keys(root.devDependencies));
  const used = sources.filter((file) => roomOf(file) === room).flatMap(packagesIn);
  const missing = used.filter(
    (name) => !(name in dependencies) && !tools.has(name) && name !== `@stile/${room}`,
  );
  expect([...new Set(missing)]).toEqual([]);
});
