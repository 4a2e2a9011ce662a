/** Pure rooms stay pure. */
import { expect, test } from 'vitest';
import { findImpure, MAY_AWAIT, PURE } from './purity.ts';
import { productSources, read } from './tree.ts';

const pure = productSources.filter((file) => PURE.some((path) => file.startsWith(path)));

test.each(pure)('%s', (file) => {
  expect(findImpure(read(file), file)).toEqual([]);
});

test('every path of the table leads to a file', () => {
  expect(PURE.filter((path) => !pure.some((file) => file.startsWith(path)))).toEqual([]);
  expect(MAY_AWAIT.filter((file) => !pure.includes(file))).toEqual([]);
});

const BAD = [
  'const at = Date.now();',
  'performance.mark("scan");',
  'const byte = randomBytes(1);',
  'process.exit(1);',
  'const out = globalThis.console;',
  'const page = fetch(address);',
  "const more = import('./more.ts');",
  'async function read() {}',
  'const read = async () => 5;',
  'type Read = () => Promise<number>;',
  'export {}; for await (const line of lines) keep(line);',
];
test.each(BAD)('refused: %s', (code) => {
  expect(findImpure(code, 'made-up.ts').length).toBeGreaterThan(0);
});

test('a field of such a name, and prose, is allowed', () => {
  const good =
    '/** Date.now() */ const a = { process: 5, fetch: 6 }; const b = a.process + a.fetch;';
  expect(findImpure(good, 'made-up.ts')).toEqual([]);
});
