/** ARCHITECTURE's drawings show what is there: rooms and their imports, a tap's calls, a payment's calls. */
import { describe, expect, test } from 'vitest';
import {
  type Arrow,
  type Call,
  compareChart,
  mentionsOf,
  mermaidBlocks,
  reachable,
  readChart,
  readSequence,
} from './drawings.ts';
import { IMPORT_RULES } from './import-table.ts';
import {
  calledNames,
  declaredNames,
  importsOf,
  parse,
  parseFile,
  type SyntaxNode,
} from './syntax.ts';
import { files, ourPath, productSources, ROOMS, read } from './tree.ts';

const text = read('ARCHITECTURE.md');
const charts = mermaidBlocks(text, 'flowchart').map(readChart);
const sequences = mermaidBlocks(text, 'sequenceDiagram').map(readSequence);

/** To go: work will be given a function instead of a type of the routes. */
const NOT_DRAWN = ['settlement/work/outbox.ts settlement/http/event-streams.ts'];

const imports: Arrow[] = productSources.flatMap((file) =>
  importsOf(parseFile(file)).flatMap(({ specifier }) => {
    const to = ourPath(file, specifier);
    if (to === undefined || NOT_DRAWN.includes(`${file} ${to}`)) return [];
    return [{ from: file, to }];
  }),
);

describe('rooms', () => {
  test('the drawings are there', () => {
    expect(charts).toHaveLength(2);
    expect(sequences).toHaveLength(2);
  });

  test.each(charts.map((chart, index) => [index + 1, chart] as const))(
    'chart %i shows every import between its paths and no other',
    (_number, chart) => {
      const isThere = (path: string) => files.some((file) => `${file}/`.startsWith(`${path}/`));
      expect(chart.paths.filter((path) => !isThere(path))).toEqual([]);
      expect(compareChart(chart, imports)).toEqual([]);
    },
  );

  test('the first chart has every room, and says what the table of imports says', () => {
    const [rooms = { paths: [], arrows: [] }] = charts;
    expect([...rooms.paths].sort()).toEqual([...ROOMS].sort());
    const roomOf = (path: string) => path.split('/')[0] ?? '';
    const allowed = IMPORT_RULES.flatMap(({ path, ours }) =>
      ours.map((one) => ({ from: roomOf(path), to: roomOf(one) })),
    ).filter(({ from, to }) => from !== to);
    const drawn = (one: Arrow) => reachable(rooms.arrows, one.from).has(one.to);
    expect(allowed.filter((one) => !drawn(one))).toEqual([]);
    const isAllowed = (one: Arrow) =>
      allowed.some(({ from, to }) => from === one.from && to === one.to);
    expect(rooms.arrows.filter((one) => !isAllowed(one))).toEqual([]);
  });

  test('a chart that hides, invents or repeats an import is found out', () => {
    const chart = readChart(['a["x"]', 'b["x/in"]', 'c["y"]', 'a --> b & c', 'b --> c']);
    const real = [
      { from: 'x/main.ts', to: 'x/in/deep.ts' },
      { from: 'y/a.ts', to: 'x/b.ts' },
    ];
    expect(compareChart(chart, real)).toEqual([
      'not drawn: y/a.ts imports x/b.ts',
      'nothing in x imports y',
      'nothing in x/in imports y',
      'follows from other arrows: x → y',
    ]);
    expect(() => readChart(['a["x"]', 'a -.-> a'])).toThrow('no node and no arrow');
    expect(() => readChart(['a["x"]', 'a --> b'])).toThrow('b is drawn');
  });
});

/** What a drawn call gets wrong; the caller has to import the function, or to call what it was given. */
function wrongOf(
  { name, imported }: Call,
  { from, to }: { from: SyntaxNode; to: SyntaxNode },
): string[] {
  const wrong: string[] = [];
  if (!declaredNames(to).has(name)) wrong.push(`${name} is not declared there`);
  const called = calledNames(from).has(name);
  if (!called) wrong.push(`${name} is not called`);
  const isImport = importsOf(from).some((one) => one.names.includes(name));
  if (imported !== isImport) wrong.push(`${name} is ${isImport ? '' : 'not '}imported`);
  return wrong;
}

describe('calls', () => {
  const calls = sequences.flatMap((sequence) => sequence.calls);
  test.each(calls)('$from calls $name of $to', (call) => {
    const ends = { from: parseFile(call.from), to: parseFile(call.to) };
    expect(wrongOf(call, ends)).toEqual([]);
    if (call.imported) expect(imports).toContainEqual({ from: call.from, to: call.to });
  });

  test('no participant is idle', () => {
    for (const { files: drawn, calls: all } of sequences) {
      const busy = all.flatMap(({ from, to }) => [from, to]);
      expect(drawn.filter((file) => !busy.includes(file))).toEqual([]);
    }
  });

  test('a call that is not there is found out', () => {
    const from = parse("import { pay } from './pay.ts'; pay(5); store.keep(6);");
    const to = parse('export function pay() {} class Store { keep() {} }');
    const call = { from: 'a.ts', to: 'b.ts' };
    expect(wrongOf({ ...call, name: 'pay', imported: true }, { from, to })).toEqual([]);
    expect(wrongOf({ ...call, name: 'keep', imported: false }, { from, to })).toEqual([]);
    expect(wrongOf({ ...call, name: 'keep', imported: true }, { from, to })).toHaveLength(1);
    expect(wrongOf({ ...call, name: 'gone', imported: false }, { from, to })).toHaveLength(2);
    const lines = ['participant a as a/<br/>b.ts', 'a->>a: pay(5) and more', 'Note over a: free'];
    expect(readSequence(lines).calls).toEqual([
      { from: 'a/b.ts', to: 'a/b.ts', name: 'pay', imported: true },
    ]);
    expect(() => readSequence(['a and b'])).toThrow('no participant');
    expect(() => readSequence(['participant loop as a.ts'])).toThrow("Mermaid's own");
  });
});

test('what is named with its file is declared there', () => {
  const mentions = mentionsOf(text);
  expect(mentions.length).toBeGreaterThan(10);
  const wrong = mentions.filter(
    ({ name, file }) => !files.includes(file) || !declaredNames(parseFile(file)).has(name),
  );
  expect(wrong).toEqual([]);
  const file = 'settlement/core/pay.ts';
  expect(mentionsOf(`| \`pay\`, \`give\` [core/pay.ts](${file}) and \`more\` |`)).toEqual([
    { name: 'pay', file },
    { name: 'give', file },
  ]);
});

test('every path that stands in code style is there', () => {
  const paths = [...text.matchAll(/`([\w.-]+(?:\/[\w.*-]+)+\/?)`/g)].map(([, path = '']) => path);
  const isThere = (path: string) =>
    files.some((file) => file === path || file.startsWith(`${path.replace(/\*.*|\/$/, '')}`));
  expect(paths.filter((path) => !isThere(path))).toEqual([]);
});
