/** Every picture of fixtures/pictures, read as the virtual scanner reads it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readPicture } from './read.ts';

type Picture = { file: string; expected: { text: string } | { reason: string } };

const FOLDER = fileURLToPath(new URL('../../fixtures/pictures/', import.meta.url));
const { pictures } = JSON.parse(readFileSync(`${FOLDER}expected.json`, 'utf8')) as {
  pictures: Picture[];
};

test.each(pictures)('$file', async ({ file, expected }) => {
  const reading = await readPicture(new Uint8Array(readFileSync(FOLDER + file)));
  expect(reading.ok ? { text: reading.text } : { reason: reading.reason }).toEqual(expected);
});
