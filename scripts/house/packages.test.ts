/** What a room imports from outside its own package.json declares, and what it declares somebody imports. */
import { expect, test } from 'vitest';
import { packageOf } from './packages.ts';
import { importsOf, parseFile } from './syntax.ts';
import { isTestOnly, read, sources } from './tree.ts';

type Manifest = {
  name: string;
  workspaces?: string[];
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
};

const readManifest = (room: string): Manifest => JSON.parse(read(`${room}/package.json`));

const root = readManifest('.');
const workspaces = root.workspaces ?? [];
/** Tools of the whole repository (vite, vitest, the browser of a benchmark) stand at its root. */
const tools = Object.keys(root.devDependencies ?? {});
/** Called by name instead of imported, or only types. */
const CALLED = [
  '@biomejs/biome',
  'typescript',
  '@types/node',
  '@types/better-sqlite3',
  '@types/pg',
  '@vitest/coverage-v8',
];

/** The workspace that a file belongs to; what is in none belongs to the whole. */
function roomOf(file: string): string {
  const folder = file.split('/')[0] ?? '';
  return workspaces.includes(folder) ? folder : '.';
}

const used = sources.flatMap((file) =>
  importsOf(parseFile(file)).flatMap(({ specifier }) => {
    const name = packageOf(specifier);
    return name === undefined ? [] : [{ file, name, room: roomOf(file) }];
  }),
);

test.each(['.', ...workspaces])('%s declares what it imports', (room) => {
  const { name, dependencies = {} } = readManifest(room);
  const missing = used
    .filter((one) => one.room === room && !isTestOnly(one.file))
    .filter((one) => !(one.name in dependencies) && !tools.includes(one.name) && one.name !== name)
    .map((one) => `${one.file} imports ${one.name}`);
  expect(missing).toEqual([]);
});

test.each(['.', ...workspaces])('%s declares nothing that it does not import', (room) => {
  const { dependencies = {} } = readManifest(room);
  const mine = used.filter((one) => one.room === room).map((one) => one.name);
  const idle = Object.keys(dependencies).filter((name) => !mine.includes(name));
  // A native part is loaded by a name that is put together from that of its package.
  const texts = sources.filter((file) => roomOf(file) === room).map(read);
  const loaded = (name: string) => texts.some((text) => text.includes(`require(\`${name}-`));
  expect(idle.filter((name) => !loaded(name))).toEqual([]);
});

test('every tool of the repository is used', () => {
  const imported = [...CALLED, ...used.map((one) => one.name)];
  expect(tools.filter((name) => !imported.includes(name))).toEqual([]);
});

test('a package is told by the first part of its name, or two with a scope', () => {
  const names = [
    'node:fs',
    './a.ts',
    'zod',
    'zod/v4',
    '@noble/curves/ed25519.js',
    '@stile/gate/a.ts',
  ];
  expect(names.map(packageOf)).toEqual([
    undefined,
    undefined,
    'zod',
    'zod',
    '@noble/curves',
    '@stile/gate',
  ]);
});
