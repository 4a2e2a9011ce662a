/**
 * Who may import whom, and that no import leads back to itself. Further rules of the house, a file each, are
 * in `scripts/house/`.
 */
import { describe, expect, test } from 'vitest';
import { findCircles } from './house/circles.ts';
import { IMPORT_RULES, mayImport, ruleOf } from './house/import-table.ts';
import { importsOf, parseFile } from './house/syntax.ts';
import { files, ourPath, ROOMS, sources } from './house/tree.ts';

/** Every import of every file, types, tests and `import(…)` included. */
const imports = new Map(
  sources.map((file) => [file, importsOf(parseFile(file)).map((one) => one.specifier)]),
);

describe('who may import whom', () => {
  test.each(sources.filter((file) => ruleOf(file) !== undefined))('%s', (file) => {
    const wrong = imports.get(file)?.filter((specifier) => !mayImport(file, specifier));
    expect(wrong).toEqual([]);
  });
});

test('every room is in the table, and every row is about something', () => {
  const rows = IMPORT_RULES.map((rule) => rule.path);
  expect(ROOMS.filter((room) => !rows.includes(`${room}/`))).toEqual([]);
  const named = IMPORT_RULES.flatMap(({ path, ours, never = [] }) => [path, ...ours, ...never]);
  expect(named.filter((path) => !files.some((file) => file.startsWith(path)))).toEqual([]);
});

test('the table refuses what it should', () => {
  const wrong: [string, string][] = [
    ['gate/core/gate.ts', 'node:fs'],
    ['gate/core/gate.ts', '@stile/host/clock.ts'],
    ['gate/core/gate.ts', '../shell/loop.ts'],
    ['gate/main.ts', '@stile/settlement/main.ts'],
    ['settlement/core/payments/pay.ts', '../../store/port.ts'],
    ['settlement/store/use-cases.ts', './sqlite/store.ts'],
    ['settlement/http/app.ts', '../store/sqlite/store.ts'],
    ['settlement/http/app.ts', '../testing/town.ts'],
    ['settlement/main.ts', '@stile/gate/main.ts'],
    ['settlement/main.ts', '../cli/main.ts'],
    ['demo/main.ts', '../scripts/warm-cache.ts'],
    ['demo/main.ts', '@stile/settlement/main.ts'],
    ['bench/main.ts', '@stile/settlement/testing/town.ts'],
    ['scripts/warm-cache.ts', '../bench/main.ts'],
  ];
  expect(wrong.filter(([file, specifier]) => mayImport(file, specifier))).toEqual([]);
});

test('no import leads back to itself', () => {
  const ours = new Map(
    sources.map((file) => [
      file,
      (imports.get(file) ?? []).flatMap((specifier) => ourPath(file, specifier) ?? []),
    ]),
  );
  expect(findCircles(ours).map((circle) => circle.join(' → '))).toEqual([]);
});

test('gate and settlement never meet but in protocol', () => {
  const meeting = sources.filter((file) => {
    const other = file.startsWith('gate/') ? 'settlement/' : 'gate/';
    const mine = file.startsWith('gate/') || file.startsWith('settlement/');
    return mine && imports.get(file)?.some((name) => ourPath(file, name)?.startsWith(other));
  });
  expect(meeting).toEqual([]);
});
