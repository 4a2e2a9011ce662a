/**
 * Draws what a gate answered as a moving picture, for the README: codes come before a scanner, the page turns green or red, the
 * arm goes up. It draws nothing that a gate has not said: it reads the report of a scenario that was played.
 *
 *     stile scanner --scenario FILE --rider ada=phone.json --report json | node demo/record-gate.ts docs/gate.svg
 */
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

/** One answer each, so that the eye has time to read. */
const SHOWN_S = 2.4;
const ANSWERS_MAX = 5;
const [WIDTH, HEIGHT] = [640, 240];
const GREEN = '#0b6b3a';
const RED = '#a51d2d';
const DARK = '#14201c';
const REASON_OF_NOTHING = new Set(['repeat', 'silent']);

type Step = {
  name: string;
  actual: string | null;
  words: [string, string] | null;
  ok: boolean;
};

function escapeXml(line: string): string {
  return line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function drawAnswer({ name, actual, words }: Step, index: number): string {
  const isOpen = actual === 'open';
  const [first, second] = words ?? ['', ''];
  const reason = isOpen ? 'open' : String(actual);
  return [
    `<g class="answer" style="animation-delay:${(index * SHOWN_S).toFixed(1)}s">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="12" fill="${isOpen ? GREEN : RED}"/>`,
    `<rect x="46" y="130" width="22" height="84" rx="4" fill="${DARK}"/>`,
    `<g class="${isOpen ? 'up' : ''}" style="animation-delay:${(index * SHOWN_S).toFixed(1)}s">`,
    '<rect x="52" y="134" width="150" height="12" rx="6" fill="#fff"/>',
    `<path d="M78 140h16m16 0h16m16 0h16m16 0h12" stroke="${DARK}" stroke-width="12"/>`,
    '</g>',
    `<circle cx="57" cy="140" r="8" fill="${DARK}"/>`,
    `<text x="240" y="66" font-size="17">${escapeXml(name)}</text>`,
    `<text x="240" y="124" font-size="30" font-weight="700">${escapeXml(first)}</text>`,
    `<text x="240" y="160" font-size="20">${escapeXml(second)}</text>`,
    `<text x="240" y="206" font-size="16" class="mono">${escapeXml(reason)}</text>`,
    '</g>',
  ].join('\n');
}

function draw(steps: readonly Step[]): string {
  const totalS = steps.length * SHOWN_S;
  const share = 100 / steps.length;
  const [shown, gone] = [share * 0.97, share];
  const at = (part: number) => (share * part).toFixed(2);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}">`,
    '<style>',
    'text{fill:#fff;font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}',
    '.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}',
    `.answer{opacity:0;animation:show ${totalS}s infinite}`,
    `.up{transform-origin:57px 140px;animation:raise ${totalS}s infinite}`,
    `@keyframes show{0%,${shown.toFixed(2)}%{opacity:1}${gone.toFixed(2)}%,100%{opacity:0}}`,
    `@keyframes raise{0%,${at(0.1)}%{transform:rotate(0)}${at(0.3)}%,${at(0.75)}%{transform:rotate(-68deg)}${at(0.95)}%,100%{transform:rotate(0)}}`,
    // Whoever wants nothing to move sees the first answer.
    '@media (prefers-reduced-motion:reduce){.answer,.up{animation:none}.answer:first-of-type{opacity:1}}',
    '</style>',
    ...steps.map(drawAnswer),
    '</svg>',
    '',
  ].join('\n');
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('record-gate: name the file to write, such as docs/gate.svg\n');
  process.exitCode = 2;
} else {
  const { results } = JSON.parse(await text(process.stdin)) as { results: Step[] };
  const answered = results.filter(
    ({ words, actual }) => words !== null && !REASON_OF_NOTHING.has(String(actual)),
  );
  writeFileSync(file, draw(answered.slice(0, ANSWERS_MAX)));
}
