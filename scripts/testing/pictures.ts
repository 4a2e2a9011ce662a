/**
 * Pictures as a virtual scanner is given them: screenshots and photos of codes, and files without one.
 * Pixels come from hardware/'s drawing with seeded chance; what must be read in them is written here.
 */
import { SUITE_0_TEXT, SUITE_1_TEXT } from '@stile/crypto/testing/published-vector.ts';
import {
  drawQr,
  encodeJpeg,
  encodePng,
  photograph,
  type Raster,
  type Shot,
} from '@stile/hardware/picture/draw.ts';
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import { utf8 } from '@stile/protocol/bytes.ts';
import * as shapes from './picture-shapes.ts';
import { addBytes, addJson, type Tree } from './tree.ts';

const LINK = 'https://example.org/harbour-lines';
const JPEG_QUALITY = 60;

type Row = [file: string, description: string, bytes: Uint8Array, expected: Expected];
type Expected = { text: string } | { reason: string };

const PLAIN: Shot = {
  width: 480,
  height: 480,
  turnDegrees: 0,
  share: 0.85,
  blurPx: 0,
  noise: 0,
  shade: 0,
};

/** A photo of a drawing; the seed decides its noise. */
function photo(drawing: Raster, { seed, shot }: { seed: number; shot: Partial<Shot> }): Uint8Array {
  const taken = { shot: { ...PLAIN, ...shot }, random: createSeededRandom(seed) };
  return encodeJpeg(photograph(drawing, taken), JPEG_QUALITY);
}

async function goodRows(): Promise<Row[]> {
  const [first, second] = [await drawQr(SUITE_0_TEXT), await drawQr(SUITE_1_TEXT)];
  const tiny = await drawQr(SUITE_1_TEXT, 2);
  const text0 = { text: SUITE_0_TEXT };
  const text1 = { text: SUITE_1_TEXT };
  const street = { turnDegrees: 12, blurPx: 1, noise: 30, shade: 0.5, share: 0.75 };
  return [
    ['clean-suite-0.png', 'a screenshot', encodePng(first), text0],
    ['clean-suite-1.png', 'a screenshot', encodePng(second), text1],
    ['small.png', 'a screenshot of two pixels a module', encodePng(tiny), text1],
    ['turned-quarter.png', 'turned by 90°', encodePng(shapes.turn(second)), text1],
    ['upside-down.png', 'turned by 180°', encodePng(shapes.turn(shapes.turn(first))), text0],
    ['mirrored.png', 'as a front camera shows it', encodePng(shapes.mirror(second)), text1],
    ['inverted.png', 'light on dark', encodePng(shapes.invert(second)), text1],
    ['twice-the-same.png', 'one code twice', encodePng(shapes.beside(tiny, tiny)), text1],
    [
      'turned.jpg',
      'turned by 37°',
      photo(second, { seed: 1, shot: { turnDegrees: 37, share: 0.7 } }),
      text1,
    ],
    ['blurred.jpg', 'out of focus', photo(second, { seed: 2, shot: { blurPx: 2 } }), text1],
    ['noisy.jpg', 'by a poor camera', photo(first, { seed: 3, shot: { noise: 60 } }), text0],
    ['shaded.jpg', 'half in the shade', photo(second, { seed: 4, shot: { shade: 0.8 } }), text1],
    [
      'photo.jpg',
      'turned, soft, noisy and shaded at once',
      photo(second, { seed: 5, shot: street }),
      text1,
    ],
    [
      'far.jpg',
      'a small code in a large photo',
      photo(first, { seed: 6, shot: { width: 800, height: 600, share: 0.35 } }),
      text0,
    ],
    [
      'other-text.png',
      'a link: read, and then refused by the gate',
      encodePng(await drawQr(LINK)),
      { text: LINK },
    ],
  ];
}

async function unreadableRows(): Promise<Row[]> {
  const first = await drawQr(SUITE_0_TEXT, 4);
  const second = await drawQr(SUITE_1_TEXT, 4);
  const none = { reason: 'NO_CODE_FOUND' };
  const damaged = { reason: 'CODE_DAMAGED' };
  const wall = shapes.wall(480, 360);
  return [
    ['blank.png', 'nothing but white', encodePng(shapes.blank({ width: 200, height: 200 })), none],
    ['no-code.jpg', 'a wall', photo(wall, { seed: 7, shot: { noise: 20 } }), none],
    ['too-blurred.jpg', 'far out of focus', photo(second, { seed: 8, shot: { blurPx: 9 } }), none],
    [
      'too-small.jpg',
      'less than a pixel a module',
      photo(second, { seed: 9, shot: { share: 0.09 } }),
      none,
    ],
    ['too-noisy.jpg', 'nothing but noise', photo(second, { seed: 10, shot: { noise: 700 } }), none],
    [
      'cropped.png',
      'the right half is cut off',
      encodePng(shapes.crop(second, { shareOfWidth: 0.5, shareOfHeight: 1 })),
      none,
    ],
    [
      'covered.png',
      'a thumb over the middle',
      encodePng(shapes.cover(second, { from: 0.3, to: 0.75 })),
      damaged,
    ],
    [
      'two-codes.png',
      "two riders' codes at once",
      encodePng(shapes.beside(first, second)),
      { reason: 'SEVERAL_CODES' },
    ],
    [
      'bar-code.png',
      'another kind of code',
      encodePng(shapes.drawCode39('STILE', 2)),
      { reason: 'OTHER_SYMBOLOGY' },
    ],
  ];
}

async function notPictures(): Promise<Row[]> {
  const png = encodePng(await drawQr(SUITE_1_TEXT, 2));
  const jpeg = photo(await drawQr(SUITE_1_TEXT), { seed: 11, shot: {} });
  const not = { reason: 'NOT_A_PICTURE' };
  // PNG: the width is at byte 16 of the file, in the head that comes before any pixel.
  const huge = png.slice();
  new DataView(huge.buffer).setUint32(16, 1_000_000);
  return [
    ['text.png', 'a text under the name of a picture', utf8(`${SUITE_1_TEXT}\n`), not],
    ['empty.png', 'nothing', new Uint8Array(0), not],
    [
      'gif.png',
      'a GIF that is broken off behind its head',
      utf8('GIF89a\x01\x00\x01\x00\x00\x00\x00;'),
      not,
    ],
    ['head-only.png', 'broken off behind the head: a picture of nothing', png.slice(0, 40), not],
    ['head-only.jpg', 'broken off behind the first marker', jpeg.slice(0, 20), not],
    [
      'claims-to-be-huge.png',
      'a head that says a million pixels wide',
      huge,
      { reason: 'TOO_LARGE' },
    ],
  ];
}

/** Writes the pictures, and `expected.json` with the text or the reason for each. */
export async function addPictures(tree: Tree): Promise<void> {
  const rows = [...(await goodRows()), ...(await unreadableRows()), ...(await notPictures())];
  for (const [file, , bytes] of rows) addBytes(tree, { path: `pictures/${file}`, bytes });
  const pictures = rows.map(([file, description, , expected]) => {
    return { file, description, expected };
  });
  addJson(tree, { path: 'pictures/expected.json', value: { pictures } });
}
