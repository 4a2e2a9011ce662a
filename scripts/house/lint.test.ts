/** The linter's own rules of the house (`scripts/lint/`) see what they should and nothing else. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { expect, test } from 'vitest';
import { files, ROOT, read } from './tree.ts';

const RULES = files.filter((file) => file.startsWith('scripts/lint/'));

/** What the linter says of a made-up file, by these rules only. */
function lint(code: string): string {
  const folder = scratchDir();
  const plugins = RULES.map((file) => join(ROOT, file));
  const config = { root: true, plugins, linter: { rules: { preset: 'none' } } };
  writeFileSync(join(folder, 'biome.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'made-up.tsx'), code);
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
  const options = { cwd: folder, encoding: 'utf8' } as const;
  const { stdout, stderr } = spawnSync(process.execPath, [biome, 'lint', 'made-up.tsx'], options);
  return stdout + stderr;
}

test('every rule is in force', () => {
  expect(RULES.filter((rule) => !read('biome.json').includes(`"./${rule}"`))).toEqual([]);
});

const PACKED = [
  'export const order = { id, ...{ a, b } };',
  'pay(...[a, b]);',
  'export const all = [...([a, b] as const)];',
  'export const all = [...[a, b] as const];',
  'export const page = <Page {...{ a, b }} />;',
];
test.each(PACKED)('refused: %s', (code) => {
  expect(lint(code)).toContain('A literal is spread');
});

const HANDED_ON = [
  'export const run = (...of) => pay(...of);',
  'export const run = (...of: Parameters<typeof pay>) => pay(first, ...of);',
  'export function run(...of: [string, number]) { return pay(...of); }',
];
test.each(HANDED_ON)('refused: %s', (code) => {
  expect(lint(code)).toContain('A rest is handed on');
});

test('what is written out, chosen or a list of one type is let through', () => {
  const good = [
    'export const order = { id, ...(note === undefined ? {} : { note }), ...defaults };',
    'pay(...parts, [a, b]);',
    'export const add = (...events: Event[]) => list.push(...events);',
    'export const say = (...words: [string, string]) => write(words);',
  ];
  const said = lint(good.join('\n'));
  expect(said).toContain('Checked 1 file');
  expect(said).not.toMatch(/A literal is spread|A rest is handed on/);
});
