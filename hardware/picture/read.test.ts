/** Codes are read from pictures as phones take them; what cannot be read is refused with its reason. */
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import { encode as encodePngPixels } from 'fast-png';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { type WriteInputBarcodeFormat, writeBarcode } from 'zxing-wasm/writer';
import {
  countModules,
  drawQr,
  encodeJpeg,
  encodePng,
  photograph,
  type Raster,
  type Shot,
} from './draw.ts';
import { PICTURE_BYTES_MAX, readPicture } from './read.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

/** Looks like a transit code: `TC1:` and Base45 characters. */
function makeText(characters: number, seed = 9): string {
  const random = createSeededRandom(seed);
  const body = Array.from({ length: characters - 4 }, () => ALPHABET[random.below(45)]);
  return `TC1:${body.join('')}`;
}

const TEXT = makeText(304);
const STRAIGHT: Shot = {
  width: 800,
  height: 600,
  turnDegrees: 0,
  share: 0.8,
  blurPx: 0,
  noise: 0,
  shade: 0,
};
/** Watched from before the first use on. */
const fetched = vi.spyOn(globalThis, 'fetch');
let drawing: Raster;

beforeAll(async () => {
  drawing = await drawQr(TEXT);
});

async function reasonOf(bytes: Uint8Array): Promise<string> {
  const reading = await readPicture(bytes);
  return reading.ok ? `read: ${reading.text}` : reading.reason;
}

test.each([303, 304])('%i characters make a version 10 code at level M: 57 modules', async (n) => {
  const raster = await drawQr(makeText(n));
  expect(countModules(raster)).toBe(57);
  expect(await readPicture(encodePng(raster))).toEqual({
    ok: true,
    text: makeText(n),
    version: '10',
    ecLevel: 'M',
  });
});

test('the quiet zone is four modules of white on every side', async () => {
  const raster = await drawQr('TC1:', 3);
  const rim = 4 * 3;
  const dark = [...raster.pixels.keys()].filter((at) => (raster.pixels[at] ?? 255) < 128);
  const columns = dark.map((at) => at % raster.width);
  const rows = dark.map((at) => Math.floor(at / raster.width));
  expect([Math.min(...columns), Math.min(...rows)]).toEqual([rim, rim]);
  expect([Math.max(...columns), Math.max(...rows)]).toEqual(
    [raster.width, raster.height].map((side) => side - rim - 1),
  );
});

describe('photos that are read', () => {
  const shots: [string, Partial<Shot>][] = [
    ['upright', {}],
    ['a little turned, blurred and noisy', { turnDegrees: 12, blurPx: 1, noise: 8 }],
    ['turned and very noisy', { turnDegrees: 17, blurPx: 1, noise: 40 }],
    ['on its corner', { turnDegrees: 45, blurPx: 1, noise: 20, share: 0.7 }],
    ['on its side', { turnDegrees: 90, noise: 20 }],
    ['upside down, dark to one side', { turnDegrees: 180, shade: 0.6 }],
    ['in bad light', { shade: 0.9, noise: 10 }],
    ['out of focus', { blurPx: 3 }],
    ['far away', { share: 0.4 }],
    ['from a cheap camera', { width: 640, height: 480, turnDegrees: -20, noise: 30, blurPx: 1 }],
  ];
  test.each(shots)('%s, as PNG and as JPEG', async (_, shot) => {
    const photo = photograph(drawing, {
      shot: { ...STRAIGHT, ...shot },
      random: createSeededRandom(3),
    });
    expect(await reasonOf(encodePng(photo))).toBe(`read: ${TEXT}`);
    expect(await reasonOf(encodeJpeg(photo, 60))).toBe(`read: ${TEXT}`);
  });

  test.each([20, 40, 90])('a JPEG of quality %i', async (quality) => {
    expect(await reasonOf(encodeJpeg(drawing, quality))).toBe(`read: ${TEXT}`);
  });

  test('white on black, as some phones show it', async () => {
    const inverted = { ...drawing, pixels: drawing.pixels.map((value) => 255 - value) };
    expect(await reasonOf(encodePng(inverted))).toBe(`read: ${TEXT}`);
  });

  test.each([2, 4])('black on a transparent background, %i channels', async (channels) => {
    const data = new Uint8Array(drawing.pixels.length * channels);
    for (const [at, value] of drawing.pixels.entries()) {
      data[at * channels + channels - 1] = 255 - value;
    }
    const { width, height } = drawing;
    const png = encodePngPixels({ width, height, data, channels, depth: 8 });
    expect(await reasonOf(png)).toBe(`read: ${TEXT}`);
  });

  test('two pictures of the same code beside each other', async () => {
    expect(await reasonOf(encodePng(beside(drawing, drawing)))).toBe(`read: ${TEXT}`);
  });

  test('bytes that are no text come back one character each', async () => {
    const raster = await drawQr('caf\u00e9 TC1');
    const reading = await readPicture(encodePng(raster));
    expect(reading.ok && [...reading.text].every((char) => char.charCodeAt(0) < 256)).toBe(true);
  });
});

function beside(left: Raster, right: Raster): Raster {
  const [width, height] = [left.width + right.width, left.height];
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    pixels.set(left.pixels.subarray(y * left.width, (y + 1) * left.width), y * width);
    pixels.set(
      right.pixels.subarray(y * right.width, (y + 1) * right.width),
      y * width + left.width,
    );
  }
  return { width, height, pixels };
}

/** Says that a PNG is so large, without making it so. */
function claimSize(
  png: Uint8Array,
  { width, height }: { width: number; height: number },
): Uint8Array {
  const claimed = png.slice();
  const view = new DataView(claimed.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  return claimed;
}

async function drawOther(format: WriteInputBarcodeFormat, text: string): Promise<Uint8Array> {
  const { image } = await writeBarcode(text, { format, scale: 4 });
  if (image === null) throw new Error('the writer made no picture');
  return new Uint8Array(await image.arrayBuffer());
}

describe('pictures that are not read, each with its reason', () => {
  const bad: [string, string, () => Uint8Array | Promise<Uint8Array>][] = [
    ['nothing at all', 'NOT_A_PICTURE', () => new Uint8Array(0)],
    ['a text', 'NOT_A_PICTURE', () => Buffer.from('TC1: this is no picture')],
    ['half a PNG', 'NOT_A_PICTURE', () => encodePng(drawing).slice(0, 400)],
    ['half a JPEG', 'NOT_A_PICTURE', () => encodeJpeg(drawing, 80).slice(0, 2_000)],
    ['the head of a PNG', 'NOT_A_PICTURE', () => encodePng(drawing).slice(0, 33)],
    [
      'a picture without pixels',
      'NOT_A_PICTURE',
      () => claimSize(encodePng(drawing), { width: 0, height: 0 }),
    ],
    [
      'too many pixels',
      'TOO_LARGE',
      () => claimSize(encodePng(drawing), { width: 100_000, height: 100_000 }),
    ],
    [
      'too many bytes',
      'TOO_LARGE',
      () => Buffer.concat([encodePng(drawing), new Uint8Array(PICTURE_BYTES_MAX)]),
    ],
    [
      'a white wall',
      'NO_CODE_FOUND',
      () => encodePng({ width: 300, height: 300, pixels: new Uint8Array(90_000).fill(255) }),
    ],
    [
      'half a code',
      'NO_CODE_FOUND',
      () => {
        const height = Math.floor(drawing.height / 2);
        const pixels = drawing.pixels.slice(0, height * drawing.width);
        return encodePng({ width: drawing.width, height, pixels });
      },
    ],
    [
      'a code far out of focus',
      'CODE_DAMAGED',
      () =>
        encodePng(
          photograph(drawing, { shot: { ...STRAIGHT, blurPx: 6 }, random: createSeededRandom(3) }),
        ),
    ],
    ['Code 128', 'OTHER_SYMBOLOGY', () => drawOther('Code128', 'TC1:123')],
    ['EAN-13', 'OTHER_SYMBOLOGY', () => drawOther('EAN13', '4006381333931')],
    ['Data Matrix', 'OTHER_SYMBOLOGY', () => drawOther('DataMatrix', 'TC1:123')],
    ['Micro QR', 'OTHER_SYMBOLOGY', () => drawOther('MicroQRCode', '12345')],
    [
      'two different codes',
      'SEVERAL_CODES',
      async () => encodePng(beside(drawing, await drawQr(makeText(304, 10)))),
    ],
  ];
  test.each(bad)('%s: %s', async (_, reason, make) => {
    const reading = await readPicture(await make());
    expect(reading).toMatchObject({ ok: false, reason });
    expect(reading.ok ? '' : reading.hint).not.toMatch(/^.{78}|Error|\.cpp/);
  });
});

test('the same chance makes the same photo, another one another', () => {
  const shot = { ...STRAIGHT, width: 80, height: 60, noise: 20 };
  const photo = (seed: number) =>
    photograph(drawing, { shot, random: createSeededRandom(seed) }).pixels;
  expect(photo(1)).toEqual(photo(1));
  expect(photo(1)).not.toEqual(photo(2));
});

test('nothing was fetched: the WebAssembly comes from the installed package', () => {
  expect(fetched).not.toHaveBeenCalled();
});
