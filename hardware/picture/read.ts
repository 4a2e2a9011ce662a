/**
 * Reading a code from a picture file (PNG or JPEG: a screenshot, a photo) with zxing-wasm, and saying
 * why if there is none. The WebAssembly comes from the installed package, never from the network.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { prepareZXingModule, type ReadResult, readBarcodes } from 'zxing-wasm/reader';
import { lookAgain } from './second-look.ts';

export const PICTURE_BYTES_MAX = 20 * 1024 * 1024;
export const PICTURE_PIXELS_MAX = 50_000_000;

export const PICTURE_REASONS = [
  'NOT_A_PICTURE',
  'TOO_LARGE',
  'NO_CODE_FOUND',
  'CODE_DAMAGED',
  'OTHER_SYMBOLOGY',
  'SEVERAL_CODES',
] as const;

export type PictureReason = (typeof PICTURE_REASONS)[number];

export type PictureReading =
  | { ok: true; text: string; version: string; ecLevel: string }
  | { ok: false; reason: PictureReason; hint: string };

let prepared = false;

function prepare(): void {
  if (prepared) return;
  const require = createRequire(import.meta.url);
  const wasmBinary = readFileSync(require.resolve('zxing-wasm/reader/zxing_reader.wasm'));
  prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(wasmBinary).buffer } });
  prepared = true;
}

/** Decodes the one QR code in a picture. Text is given as the symbol's bytes, one character each. */
export async function readPicture(bytes: Uint8Array): Promise<PictureReading> {
  const size = measurePicture(bytes);
  if (size === undefined) return refuse('NOT_A_PICTURE', 'neither PNG nor JPEG');
  const pixels = size.width * size.height;
  if (pixels === 0) return refuse('NOT_A_PICTURE', 'a picture without pixels');
  if (bytes.length > PICTURE_BYTES_MAX || pixels > PICTURE_PIXELS_MAX) {
    return refuse('TOO_LARGE', `${size.width} × ${size.height} pixels, ${bytes.length} bytes`);
  }
  const reading = await decode(bytes);
  if (reading.ok || reading.reason !== 'NO_CODE_FOUND') return reading;
  const again = lookAgain(bytes);
  if (!again.whole) return refuse('NOT_A_PICTURE', 'the file is broken off or damaged');
  return again.rgba === undefined ? reading : decode({ ...again.rgba, colorSpace: 'srgb' });
}

async function decode(picture: Parameters<typeof readBarcodes>[0]): Promise<PictureReading> {
  prepare();
  try {
    return choose(
      await readBarcodes(picture, {
        formats: [],
        tryHarder: true,
        tryDenoise: true,
        returnErrors: true,
        maxNumberOfSymbols: 8,
      }),
    );
  } catch {
    // The decoder refuses what it cannot unpack: the head of a picture file without its body.
    return refuse('NOT_A_PICTURE', 'the file is broken off or damaged');
  }
}

function choose(results: readonly ReadResult[]): PictureReading {
  const good = results.filter((result) => result.isValid);
  const codes = good.filter((result) => result.format.startsWith('QRCode'));
  const texts = new Set(codes.map(textOf));
  const [code] = codes;
  if (code !== undefined && texts.size === 1) {
    const { Version, ECLevel } = JSON.parse(code.extra || '{}') as Record<string, unknown>;
    return {
      ok: true,
      text: textOf(code),
      version: String(Version ?? '?'),
      ecLevel: String(ECLevel ?? '?'),
    };
  }
  if (texts.size > 1) return refuse('SEVERAL_CODES', `${texts.size} codes; show one at a time`);
  const [other] = good;
  if (other !== undefined) return refuse('OTHER_SYMBOLOGY', `${other.format}, not a QR code`);
  if (results.some((result) => result.format.startsWith('QRCode'))) {
    return refuse('CODE_DAMAGED', 'a QR code, but too blurred, noisy or covered to be restored');
  }
  return refuse('NO_CODE_FOUND', 'no code: too blurred, too small, cut off, or not there');
}

function textOf(result: ReadResult): string {
  return Buffer.from(result.bytes).toString('latin1');
}

function refuse(reason: PictureReason, hint: string): PictureReading {
  return { ok: false, reason, hint };
}

/** Width and height from the head of a PNG (RFC 2083 §11.2) or JPEG (ITU-T T.81 §B.2.2) file. */
export function measurePicture(bytes: Uint8Array): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 24 && view.getUint32(0) === 0x89504e47 && view.getUint32(4) === 0x0d0a1a0a) {
    return { width: view.getUint32(16), height: view.getUint32(20) };
  }
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}
