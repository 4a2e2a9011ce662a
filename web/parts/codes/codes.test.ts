/** What the pages draw, read back by the decoder that scanners' twins use. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, test } from 'vitest';
import { prepareZXingModule, type ReadResult, readBarcodes } from 'zxing-wasm/reader';
import { drawCode128 } from './code128.tsx';
import { drawQr, TRANSIT_QR } from './qr.tsx';

const MODULE_PIXELS = 3;
/** The longest transit code there is (protocol §2), in the worst spread of characters. */
const TRANSIT_TEXT = `TC1:${'A $%*+-./:0Z9'.repeat(30)}`.slice(0, 304);

beforeAll(() => {
  const require = createRequire(import.meta.url);
  const wasm = readFileSync(require.resolve('zxing-wasm/reader/zxing_reader.wasm'));
  prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(wasm).buffer } });
});

/** Dark runs as `M x y h width v height h -width z`, in pixels on white. */
function rasterize(path: string, { width, height }: { width: number; height: number }) {
  const data = new Uint8ClampedArray(width * height * MODULE_PIXELS ** 2 * 4).fill(255);
  for (const run of path.matchAll(/M(\d+) (\d+)h(\d+)v(\d+)h-\d+z/g)) {
    const [x = 0, y = 0, wide = 0, high = 0] = run.slice(1).map(Number);
    for (let row = y * MODULE_PIXELS; row < (y + high) * MODULE_PIXELS; row += 1) {
      const from = (row * width + x) * MODULE_PIXELS;
      for (let at = from; at < from + wide * MODULE_PIXELS; at += 1) {
        data.set([0, 0, 0], at * 4);
      }
    }
  }
  const size = { width: width * MODULE_PIXELS, height: height * MODULE_PIXELS };
  return { data, ...size, colorSpace: 'srgb' as const };
}

async function readOne(picture: ReturnType<typeof rasterize>): Promise<ReadResult> {
  const [result, ...more] = await readBarcodes(picture as ImageData, {});
  if (result === undefined || more.length > 0) throw new Error('not one code');
  return result;
}

describe('a QR code', () => {
  test('of a transit code is version 10-M with a quiet zone of four modules, and reads back', async () => {
    const { size, version, path } = drawQr(TRANSIT_TEXT, TRANSIT_QR);
    expect({ size, version }).toEqual({ size: 57 + 2 * 4, version: 10 });
    const read = await readOne(rasterize(path, { width: size, height: size }));
    expect(read).toMatchObject({ format: 'QRCode', text: TRANSIT_TEXT, ecLevel: 'M' });
    for (const run of path.matchAll(/M(\d+) (\d+)h(\d+)/g)) {
      const [x = 0, y = 0, wide = 0] = run.slice(1).map(Number);
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(4);
      expect(Math.max(x + wide, y + 1)).toBeLessThanOrEqual(size - 4);
    }
  });

  test('of twenty digits reads back', async () => {
    const { size, path } = drawQr('71123456781234567825');
    const read = await readOne(rasterize(path, { width: size, height: size }));
    expect(read.text).toBe('71123456781234567825');
  });
});

describe('a bar code', () => {
  test.each(['71123456781234567825', '72000000000000000092'])(
    'of %s reads back',
    async (digits) => {
      const { width, path } = drawCode128(digits);
      const read = await readOne(rasterize(path, { width, height: 40 }));
      expect(read).toMatchObject({ format: 'Code128', text: digits });
    },
  );

  test('takes two digits a symbol, with quiet zones of ten modules', () => {
    const { width, path } = drawCode128('71123456781234567825');
    // Start, ten pairs, check symbol, stop.
    expect(width).toBe(11 + 10 * 11 + 11 + 13 + 2 * 10);
    expect(path.startsWith('M10 0')).toBe(true);
  });
});
