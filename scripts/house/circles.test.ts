/** The search for circles of imports, on made-up trees. */
import { expect, test } from 'vitest';
import { findCircles } from './circles.ts';

test('a circle is named by the files that close it', () => {
  const imports = new Map([
    ['app.ts', ['route.ts', 'types.ts']],
    ['route.ts', ['answer.ts']],
    ['answer.ts', ['types.ts', 'app.ts']],
    ['types.ts', []],
  ]);
  expect(findCircles(imports)).toEqual([['app.ts', 'route.ts', 'answer.ts', 'app.ts']]);
});

test('a file that imports itself is a circle, a shared file beneath is none', () => {
  expect(findCircles(new Map([['a.ts', ['a.ts']]]))).toEqual([['a.ts', 'a.ts']]);
  const shared = new Map([
    ['a.ts', ['b.ts', 'c.ts']],
    ['b.ts', ['c.ts']],
    ['c.ts', ['node_modules.ts']],
  ]);
  expect(findCircles(shared)).toEqual([]);
});
