/**
 * Draws what a command printed as an SVG terminal, for the README:
 * `./scripts/demo | node demo/record.ts docs/demo.svg`. Text stays text, so it can be searched.
 */
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

const COLUMNS_MAX = 90;
const CELL = { width: 8.4, height: 18 };
const MARGIN = 16;
const COLOURS: readonly [RegExp, string][] = [
  [/WRONG/, '#ff7b72'],
  [/^[A-Z][a-z]/, '#d2a8ff'],
  [/ open( |$)|^ {2}ok |Every number is right/, '#7ee787'],
  [/ [A-Z]+(_[A-Z]+)+( |$)| REPLAY| DENIED/, '#ffa657'],
];
const PLAIN = '#c9d1d9';

function escapeXml(line: string): string {
  return line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function draw(lines: readonly string[]): string {
  const columns = Math.min(COLUMNS_MAX, Math.max(...lines.map((line) => line.length)));
  const width = Math.ceil(columns * CELL.width + 2 * MARGIN);
  const height = lines.length * CELL.height + 2 * MARGIN;
  const rows = lines.map((line, row) => {
    const colour = COLOURS.find(([pattern]) => pattern.test(line))?.[1] ?? PLAIN;
    const y = MARGIN + (row + 0.75) * CELL.height;
    const content = escapeXml(line.slice(0, COLUMNS_MAX));
    return `<text x="${MARGIN}" y="${y}" fill="${colour}" xml:space="preserve">${content}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}">`,
    `<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>`,
    '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">',
    ...rows,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('record-demo: name the file to write, such as docs/demo.svg\n');
  process.exitCode = 2;
} else {
  const printed = (await text(process.stdin)).trim();
  writeFileSync(file, draw(['$ ./scripts/demo', ...printed.split('\n')]));
}
