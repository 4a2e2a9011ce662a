/** What a file is, by its first bytes; which kinds are read, and what is said of the others. */
import { describe, expect, test } from 'vitest';
import { drawInTerminal, drawQr, encodeJpeg, encodePng, type Raster } from './draw.ts';
import { kindOf, measurePicture } from './kinds.ts';
import { readPicture } from './read.ts';

const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

/** Three bytes a pixel, rows from below. */
function asBmp({ width, height, pixels }: Raster): Uint8Array {
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const bytes = Buffer.alloc(54 + rowBytes * height);
  bytes.write('BM');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = 54 + (height - 1 - y) * rowBytes + x * 3;
      bytes.fill(pixels[y * width + x] ?? 0, at, at + 3);
    }
  }
  return new Uint8Array(bytes);
}

const END = [0, 0x3b];

/** Two colours, not compressed: its dictionary is cleared before it would grow beyond eight bits. */
function asGif({ width, height, pixels }: Raster): Uint8Array {
  const size = [width & 0xff, width >> 8, height & 0xff, height >> 8];
  const codes: number[] = [];
  for (const [at, value] of pixels.entries()) {
    if (at % 100 === 0) codes.push(0x80);
    codes.push(value > 127 ? 1 : 0);
  }
  codes.push(0x81);
  const blocks: number[] = [];
  for (let at = 0; at < codes.length; at += 255) {
    const block = codes.slice(at, at + 255);
    blocks.push(block.length, ...block);
  }
  const image = [0x2c, 0, 0, 0, 0, ...size, 0, 7];
  const screen = [...size, 0x80, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff];
  return Uint8Array.from([...Buffer.from('GIF89a'), ...screen, ...image, ...blocks, ...END]);
}

describe('kinds', () => {
  test.each<[string, (raster: Raster) => Uint8Array]>([
    ['PNG', encodePng],
    ['JPEG', (raster) => encodeJpeg(raster, 80)],
    ['GIF', asGif],
    ['BMP', asBmp],
  ])('%s is measured and read', async (kind, encode) => {
    const raster = await drawQr('TC1:KIND', 4);
    const bytes = encode(raster);
    expect(kindOf(bytes)).toBe(kind);
    expect(measurePicture(bytes)).toEqual({ width: raster.width, height: raster.height });
    expect(await readPicture(bytes)).toMatchObject({ ok: true, text: 'TC1:KIND' });
  });

  test.each([
    ['WebP', 'RIFF\x10\x00\x00\x00WEBPVP8 '],
    ['AVIF', '\x00\x00\x00\x1cftypavif\x00\x00\x00\x00'],
    ['HEIC', '\x00\x00\x00\x18ftypheic\x00\x00\x00\x00'],
    ['HEIC', '\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00'],
    ['TIFF', 'II*\x00\x08\x00\x00\x00'],
    ['PDF', '%PDF-1.7\n%\xe2\xe3'],
    ['SVG', '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">'],
  ])('%s is named, with what to do', async (kind, head) => {
    expect(await readPicture(latin1(head))).toEqual({
      ok: false,
      reason: 'KIND_NOT_READ',
      hint: `a ${kind} file: save it as PNG or JPEG`,
    });
  });

  test.each(['GIF89a', 'GIF89a\x01\x00\x01\x00\x00\x00\x00;', 'BM', `BM${'\x00'.repeat(60)}`])(
    'the head alone of a GIF or BMP is no picture: %j',
    async (head) => {
      expect(await readPicture(latin1(head))).toMatchObject({ reason: 'NOT_A_PICTURE' });
    },
  );

  test('a film in the same container is no picture', async () => {
    const bytes = latin1('\x00\x00\x00\x18ftypisom\x00\x00\x00\x00');
    expect(await readPicture(bytes)).toMatchObject({ reason: 'NOT_A_PICTURE' });
  });
});

describe('a large picture', () => {
  const [WIDTH, HEIGHT] = [2_600, 2_000];

  async function largePng(text?: string): Promise<Uint8Array> {
    const pixels = new Uint8Array(WIDTH * HEIGHT).fill(128);
    if (text !== undefined) {
      const code = await drawQr(text, 8);
      for (let y = 0; y < code.height; y += 1) {
        const row = code.pixels.subarray(y * code.width, (y + 1) * code.width);
        pixels.set(row, (y + 900) * WIDTH + 1_200);
      }
    }
    return encodePng({ width: WIDTH, height: HEIGHT, pixels });
  }

  test('says what it does, and looks for a QR code first', async () => {
    const said: string[] = [];
    const reading = await readPicture(await largePng('TC1:LARGE'), (what) => said.push(what));
    expect(reading).toMatchObject({ ok: true, text: 'TC1:LARGE' });
    expect(said).toEqual(['2600 × 2000, looking for a QR code ...']);
  });

  test('without one is looked at for others, and for damage', async () => {
    const said: string[] = [];
    const reading = await readPicture(await largePng(), (what) => said.push(what));
    expect(reading).toMatchObject({ ok: false, reason: 'NO_CODE_FOUND' });
    expect(said).toHaveLength(3);
    const broken = (await largePng()).slice(0, -1_000);
    expect(await readPicture(broken)).toMatchObject({ reason: 'NOT_A_PICTURE' });
  });
});

test('what is drawn in a terminal is the same code', async () => {
  const text = `TC1:${'A1'.repeat(150)}`;
  const raster = await drawQr(text, 1);
  const lines = drawInTerminal(raster).trimEnd().split('\n');
  expect([lines.length, raster.width]).toEqual([33, 65]);
  // Read back: each character is two modules, each module four pixels.
  const pixels = new Uint8Array(raster.width * 4 * lines.length * 8).fill(255);
  for (const [row, line] of lines.entries()) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are told colours so.
    const cells = [...line.replace(/\x1b\[[\d;]*m/g, '')];
    for (const [column, cell] of cells.entries()) {
      for (let dot = 0; dot < 32; dot += 1) {
        const [x, y] = [column * 4 + (dot % 4), row * 8 + Math.floor(dot / 4)];
        const isDark = cell === '█' || cell === (dot < 16 ? '▀' : '▄');
        if (isDark) pixels[y * raster.width * 4 + x] = 0;
      }
    }
  }
  const png = encodePng({ width: raster.width * 4, height: lines.length * 8, pixels });
  expect(await readPicture(png)).toMatchObject({ ok: true, text });
});
