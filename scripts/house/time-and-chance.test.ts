/** No second time source and no second chance beside the injected ones. */
import { expect, test } from 'vitest';
import { findAmong } from './syntax.ts';
import { ALLOWED, findForeignTime, findTimeAndChance, HELD_ROOMS } from './time-and-chance.ts';
import { files, productSources, read } from './tree.ts';

const held = productSources.filter((file) => HELD_ROOMS.some((room) => file.startsWith(room)));

test('nothing reads a clock, waits or draws a number by itself', () => {
  expect(findAmong(held, findForeignTime)).toEqual([]);
});

test('the table allows nothing that is no longer needed', () => {
  const idle = ALLOWED.flatMap(({ file, uses }) => {
    if (!files.includes(file)) return [`${file} is gone`];
    const used = findTimeAndChance(read(file), file).map((finding) => finding.what);
    return uses.filter((use) => !used.includes(use)).map((use) => `${file} has no ${use}`);
  });
  expect(idle).toEqual([]);
});

test('every way to the clock or to chance is seen', () => {
  const bad = [
    "import { randomBytes as draw, randomInt } from 'node:crypto';",
    'const a = Date.now();',
    'const b = new Date();',
    'const c = performance.now();',
    'setTimeout(() => undefined, 5);',
    'const later = globalThis.setInterval;',
    'const turn = new Promise((resume) => setImmediate(resume));',
    'const d = Math.random;',
    'const e = crypto.getRandomValues(new Uint8Array(4));',
    'const f = crypto.randomUUID();',
    'const g = randomInt(5);',
    'const signal = AbortSignal.timeout(5);',
  ].join('\n');
  const lines = new Set(findTimeAndChance(bad).map((finding) => finding.line));
  expect([...lines]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('an injected clock, a date made from a number and a type are no use', () => {
  const good = [
    'const at = new Date(clock.now().wallMs);',
    'clock.setTimeout(() => undefined, 5);',
    'const timers = { setTimeout: later };',
    'let timer: ReturnType<typeof setTimeout> | undefined;',
    '// Date.now() is not read here',
  ].join('\n');
  expect(findTimeAndChance(good)).toEqual([]);
});
