/**
 * Reading a code from a picture file (a screenshot, a photo) with zxing-wasm, and saying
 * why if there is none. The WebAssembly comes from the installed package, never from the network.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  prepareZXingModule,
  type ReaderOptions,
  type ReadResult,
  readBarcodes,
} from 'zxing-wasm/reader';
import { isRead, kindOf, measurePicture } from './kinds.ts';
import { lookAgain } from './second-look.ts';

export const PICTURE_BYTES_MAX = 20 * 1024 * 1024;
export const PICTURE_PIXELS_MAX = 50_000_000;
/** Up to here one look for everything takes well below a second. */
const QUICK_PIXELS_MAX = 4_000_000;

const EVERYTHING: ReaderOptions = {
  formats: [],
  tryHarder: true,
  tryDenoise: true,
  returnErrors: true,
  maxNumberOfSymbols: 8,
};
const QR_ONLY: ReaderOptions = { ...EVERYTHING, formats: ['QRCode'] };
const AT_A_GLANCE: ReaderOptions = {
  formats: [],
  tryHarder: false,
  tryDownscale: false,
  tryInvert: false,
  maxNumberOfSymbols: 1,
};

export const PICTURE_REASONS = [
  'NOT_A_PICTURE',
  'KIND_NOT_READ',
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

/** Told before each part of the work on a picture that takes more than a moment. */
export type Progress = (what: string) => void;

/** Decodes the one QR code in a picture. Text is given as the symbol's bytes, one character each. */
export async function readPicture(
  bytes: Uint8Array,
  onProgress: Progress = () => undefined,
): Promise<PictureReading> {
  const kind = kindOf(bytes);
  if (kind !== undefined && !isRead(kind)) {
    return refuse('KIND_NOT_READ', `a ${kind} file: save it as PNG or JPEG`);
  }
  const size = measurePicture(bytes);
  if (size === undefined) return refuse('NOT_A_PICTURE', 'neither PNG, JPEG, GIF nor BMP');
  const pixels = size.width * size.height;
  if (pixels === 0) return refuse('NOT_A_PICTURE', 'a picture without pixels');
  if (bytes.length > PICTURE_BYTES_MAX || pixels > PICTURE_PIXELS_MAX) {
    return refuse('TOO_LARGE', `${size.width} × ${size.height} pixels, ${bytes.length} bytes`);
  }
  if (pixels > QUICK_PIXELS_MAX) {
    return await readLarge(bytes, (what) => onProgress(`${size.width} × ${size.height}, ${what}`));
  }
  const reading = await decode(bytes, EVERYTHING);
  if (reading.ok || reading.reason !== 'NO_CODE_FOUND') return reading;
  return await lookAgainAt(bytes, { reading, options: EVERYTHING });
}

/** Most of the time goes into codes that are none of ours: they are looked for last, and less hard. */
async function readLarge(bytes: Uint8Array, onProgress: Progress): Promise<PictureReading> {
  onProgress('looking for a QR code ...');
  const reading = await decode(bytes, QR_ONLY);
  if (reading.ok || reading.reason !== 'NO_CODE_FOUND') return reading;
  onProgress('looking for other codes ...');
  const other = await decode(bytes, AT_A_GLANCE);
  if (other.ok || other.reason !== 'NO_CODE_FOUND') return other;
  onProgress('looking at the file itself ...');
  return await lookAgainAt(bytes, { reading, options: QR_ONLY });
}

async function lookAgainAt(
  bytes: Uint8Array,
  { reading, options }: { reading: PictureReading; options: ReaderOptions },
): Promise<PictureReading> {
  const again = lookAgain(bytes);
  if (!again.whole) return refuse('NOT_A_PICTURE', 'the file is broken off or damaged');
  if (again.rgba === undefined) return reading;
  return await decode({ ...again.rgba, colorSpace: 'srgb' }, options);
}

async function decode(
  picture: Parameters<typeof readBarcodes>[0],
  options: ReaderOptions,
): Promise<PictureReading> {
  prepare();
  try {
    return choose(await readBarcodes(picture, options));
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
