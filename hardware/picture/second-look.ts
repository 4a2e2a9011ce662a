/**
 * A second look at a picture in which no code was found: is the file whole at all, and has it a
 * transparent background? Decoders take transparent black for black, and saved QR pictures often are
 * that. Slower than the decoder's own reading, so it is done only after that has failed.
 */
import { convertIndexedToRgb, type DecodedPng, decode as decodePng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';
import { kindOf } from './kinds.ts';

const JPEG_MEMORY_MB_MAX = 1_024;
/** Beyond it unpacking a JPEG takes a quarter of a minute and more: only its end is looked at. */
const JPEG_UNPACKED_BYTES_MAX = 1_000_000;
/** Cameras write a little behind the end. */
const JPEG_TAIL_BYTES = 4_096;
const JPEG_END = Buffer.from([0xff, 0xd9]);
const GIF_EXTENSION = 0x21;
const GIF_IMAGE = 0x2c;
const GIF_END = 0x3b;
const WHITE = 255;

export type SecondLook =
  /** The file cannot be unpacked to its end. */
  | { whole: false }
  /** `rgba`: the picture laid on white; absent if nothing in it is transparent. */
  | { whole: true; rgba?: { width: number; height: number; data: Uint8ClampedArray<ArrayBuffer> } };

export function lookAgain(bytes: Uint8Array): SecondLook {
  try {
    const kind = kindOf(bytes);
    if (kind === 'GIF') return { whole: hasGifImage(bytes) };
    if (kind === 'BMP') return { whole: bytes.length >= Buffer.from(bytes).readUInt32LE(2) };
    if (kind === 'JPEG' && bytes.length > JPEG_UNPACKED_BYTES_MAX) {
      return { whole: Buffer.from(bytes.subarray(-JPEG_TAIL_BYTES)).includes(JPEG_END) };
    }
    if (kind === 'JPEG') {
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

/** A GIF (89a §18, §20, §24) that has a picture before its end; the decoder takes an empty one for black. */
function hasGifImage(bytes: Uint8Array): boolean {
  const flags = bytes[10] ?? 0;
  const coloursBytes = (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 0x07) + 1);
  let at = 13 + coloursBytes;
  while (bytes[at] === GIF_EXTENSION) {
    at += 2;
    while ((bytes[at] ?? 0) > 0) at += 1 + (bytes[at] ?? 0);
    at += 1;
  }
  return bytes[at] === GIF_IMAGE && bytes.at(-1) === GIF_END;
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
