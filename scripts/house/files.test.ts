/** How long files are and how full folders, what stands at their head, and that documents point at things that exist. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import {
  findBrokenLinks,
  findFullFolders,
  findGoneFiles,
  findLongFiles,
  findMissingHeader,
  isCatchAll,
  isHalfMerged,
  isLeftOver,
  isSkipping,
  median,
} from './files.ts';
import { findAmong } from './syntax.ts';
import { files, linesOf, productSources, ROOMS, ROOT, read, sources } from './tree.ts';

const MIGRATIONS = /^settlement\/store\/\w+\/migrations$/;
const SETTLEMENT_MEDIAN_LINES_MAX = 110;
const ROOM_README_LINES_MAX = 30;
/** Normative documents: as long as the formats need. */
const LONG_READMES = new Set(['protocol/README.md', 'hardware/README.md']);

test('every source file holds one thing: at most 400 lines', () => {
  expect(findLongFiles(sources, linesOf)).toEqual([]);
  expect(findLongFiles(['a.ts', 'b.ts'], (file) => (file === 'a.ts' ? 401 : 400))).toEqual([
    'a.ts: 401 lines',
  ]);
});

test('no folder of product code has more than 20 files', () => {
  // Every migration there ever was stays, a file each.
  const rooms = productSources.filter((file) => !MIGRATIONS.test(dirname(file)));
  expect(rooms.length).toBeLessThan(productSources.length);
  expect(findFullFolders(rooms)).toEqual([]);
  const hall = Array.from({ length: 21 }, (_, n) => `hall/${n}.ts`);
  expect(findFullFolders([...hall, 'room/a.ts'])).toEqual(['hall: 21 files']);
});

test("half of settlement's product files have at most 110 lines", () => {
  const settlement = productSources.filter((file) => file.startsWith('settlement/'));
  expect(median(settlement.map(linesOf))).toBeLessThanOrEqual(SETTLEMENT_MEDIAN_LINES_MAX);
  expect(median([5, 900, 111])).toBe(111);
});

test('every source file begins by saying what it is', () => {
  expect(findAmong(sources, findMissingHeader)).toEqual([]);
  expect(findMissingHeader("import { a } from './a.ts';\n/** Late. */")).toHaveLength(1);
  expect(findMissingHeader('#!/usr/bin/env node\n/** What it is. */')).toEqual([]);
});

test('every room has a README that says what lives here, what never does and where to start', () => {
  for (const room of [...ROOMS, 'fixtures']) {
    const file = `${room}/README.md`;
    expect(files, file).toContain(file);
    if (LONG_READMES.has(file)) continue;
    for (const heading of ['What lives here', 'What never does', 'Start reading at']) {
      expect(read(file), file).toContain(heading);
    }
    expect(linesOf(file), file).toBeLessThanOrEqual(ROOM_README_LINES_MAX);
  }
});

test('no room for odds and ends, no barrel, no skipped or lonely test, no leftover', () => {
  expect(files.filter(isCatchAll)).toEqual([]);
  expect(['web/utils/a.ts', 'gate/helper.ts', 'host/index.ts'].every(isCatchAll)).toBe(true);
  expect(sources.filter((file) => isLeftOver(read(file)))).toEqual([]);
  expect(isLeftOver(`// ${'TO'}${'DO'}: later`)).toBe(true);
  const tests = sources.filter((file) => file.endsWith('.test.ts'));
  expect(tests.filter((file) => isSkipping(read(file)))).toEqual([]);
  expect(isSkipping(`test.${'only'}('one', () => undefined)`)).toBe(true);
});

test('no file is left between two versions', () => {
  const texts = files.filter((file) => /\.(ts|md|json|html|css|sh|yaml)$/.test(file));
  expect(texts.filter((file) => isHalfMerged(read(file)))).toEqual([]);
  expect(isHalfMerged(`one\n${'='.repeat(7)}\nother`)).toBe(true);
});

test('links between documents lead somewhere', () => {
  const exists = (path: string) => existsSync(join(ROOT, path));
  const broken = files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      findBrokenLinks(read(file), (path) => exists(join(dirname(file), path))).map(
        (link) => `${file} → ${link}`,
      ),
    );
  expect(broken).toEqual([]);
  const text = '[a](here.md#part), [b](gone.md), [c](https://example.org/gone.md), [d](#part)';
  expect(findBrokenLinks(text, (path) => path === 'here.md')).toEqual(['gone.md']);
});

test('files that documents name are there', () => {
  const gone = files
    .filter((file) => file.endsWith('.md') && file !== 'CHANGELOG.md')
    .flatMap((file) =>
      findGoneFiles(read(file), { document: file, files }).map((name) => `${file}: ${name}`),
    );
  expect(gone).toEqual([]);
  const text =
    '`core/gate.ts`, `gate.ts`, `moved.ts`, `core/gone.ts`, `@stile/host/clock.ts`, `.ts`';
  const there = ['gate/core/gate.ts', 'host/clock.ts', 'web/moved.ts'];
  expect(findGoneFiles(text, { document: 'gate/README.md', files: there })).toEqual([
    'moved.ts',
    'core/gone.ts',
  ]);
});
