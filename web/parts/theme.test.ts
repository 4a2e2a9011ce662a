/** The colours of the pages can be told apart. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** WCAG 2.2, 1.4.3 (text) and 1.4.11 (what shows where a control is). */
const TEXT_RATIO_MIN = 4.5;
const EDGE_RATIO_MIN = 3;

const css = readFileSync(join(import.meta.dirname, 'theme.css'), 'utf8');
const dark = css.indexOf('prefers-color-scheme: dark');
const light = coloursIn(css.slice(0, dark));
const modes = { light, dark: { ...light, ...coloursIn(css.slice(dark)) } };

function coloursIn(text: string): Record<string, string> {
  const found = text.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g);
  return Object.fromEntries([...found].map(([, name = '', colour = '']) => [name, colour]));
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function ratio(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

test('black on white is 21 to 1', () => {
  expect(ratio('#000000', '#ffffff')).toBeCloseTo(21);
});

test.each(
  (['light', 'dark'] as const).flatMap((mode) =>
    [
      ['ink', 'ground', TEXT_RATIO_MIN],
      ['ink', 'card', TEXT_RATIO_MIN],
      ['soft', 'ground', TEXT_RATIO_MIN],
      ['soft', 'card', TEXT_RATIO_MIN],
      ['soft', 'rule', TEXT_RATIO_MIN],
      ['green', 'ground', TEXT_RATIO_MIN],
      ['green', 'card', TEXT_RATIO_MIN],
      ['green', 'green-soft', TEXT_RATIO_MIN],
      ['on-green', 'green', TEXT_RATIO_MIN],
      ['red', 'card', TEXT_RATIO_MIN],
      ['red', 'red-soft', TEXT_RATIO_MIN],
      ['amber', 'amber-soft', TEXT_RATIO_MIN],
      ['edge', 'card', EDGE_RATIO_MIN],
      ['edge', 'ground', EDGE_RATIO_MIN],
    ].map(
      ([front, back, min]) => [mode, front, back, min] as [typeof mode, string, string, number],
    ),
  ),
)('%s: %s can be read on %s', (mode, front, back, min) => {
  const colours = modes[mode];
  expect(ratio(colours[front] ?? '', colours[back] ?? '')).toBeGreaterThanOrEqual(min);
});
