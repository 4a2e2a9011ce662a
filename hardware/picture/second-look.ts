/**
 * A second look at a picture in which no code was found: is the file whole at all, and has it a
 * transparent background? Decoders take transparent black for black, and saved QR pictures often are
 * that. Slower than the decoder's own reading, so it is done only after that has failed.
 */
import { convertIndexedToRgb, type DecodedPng, decode as decodePng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';

const JPEG_MEMORY_MB_MAX = 1_024;
const WHITE = 255;

export type SecondLook =
  /** The file cannot be unpacked to its end. */
  | { whole: false }
  /** `rgba`: the picture laid on white; absent if nothing in it is transparent. */
  | { whole: true; rgba?: { width: number; height: number; data: Uint8ClampedArray<ArrayBuffer> } };

export function lookAgain(bytes: Uint8Array): SecondLook {
  try {
    if (bytes[0] === 0xff) {
      decodeJpeg(bytes, {
        useTArray: true,
        tolerantDecoding: false,
        maxMemoryUsageInMB: JPEG_MEMORY_MB_MAX,
      });
      return { whole: true };
    }
    const png = decodePng(bytes, { checkCrc: true });
    const rgba = layOnWhite(png);
    return rgba === undefined ? { whole: true } : { whole: true, rgba };
  } catch {
    // What cannot be unpacked is the answer here, not a failure.
    return { whole: false };
  }
}

function layOnWhite(png: DecodedPng) {
  const { width, height } = png;
  const samples = png.palette === undefined ? png.data : convertIndexedToRgb(png);
  const channels = samples.length / (width * height);
  if (channels !== 2 && channels !== 4) return undefined;
  const full = png.palette === undefined ? 2 ** png.depth - 1 : WHITE;
  const data = new Uint8ClampedArray(width * height * 4).fill(WHITE);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const alpha = (samples[pixel * channels + channels - 1] ?? 0) / full;
    for (let colour = 0; colour < 3; colour += 1) {
      const sample = samples[pixel * channels + (channels === 2 ? 0 : colour)] ?? 0;
      data[pixel * 4 + colour] = WHITE * (1 - alpha) + (sample / full) * WHITE * alpha;
    }
  }
  return { width, height, data };
}
