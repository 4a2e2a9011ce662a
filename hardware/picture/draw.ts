/**
 * Drawing a text as a QR code, and making the drawing look like a phone's photo of a phone: turned,
 * scaled, blurred, unevenly lit, noisy. For the scripted phone, the demo and the fixtures.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Random } from '@stile/host/random.ts';
import { encode as encodePngPixels } from 'fast-png';
import { encode as encodeJpegPixels } from 'jpeg-js';
import { prepareZXingModule, writeBarcode } from 'zxing-wasm/writer';

/** One byte a pixel, 0 black to 255 white, row by row. */
export type Raster = { width: number; height: number; pixels: Uint8Array };

/** ISO/IEC 18004: light modules around the symbol. */
const QUIET_MODULES = 4;
const WHITE = 255;

let prepared = false;

function prepare(): void {
  if (prepared) return;
  const require = createRequire(import.meta.url);
  const wasmBinary = readFileSync(require.resolve('zxing-wasm/writer/zxing_writer.wasm'));
  prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(wasmBinary).buffer } });
  prepared = true;
}

/**
 * Draws a QR code, ECC M, `modulePx` pixels a module. A transit code's text stays in alphanumeric mode
 * and so gives version 10: 57 × 57 modules.
 */
export async function drawQr(text: string, modulePx = 6): Promise<Raster> {
  prepare();
  const result = await writeBarcode(text, {
    format: 'QRCode',
    options: 'ecLevel=M',
    scale: 1,
    addQuietZones: false,
  });
  if (result.error !== '') throw new Error(`cannot draw this text as a QR code: ${result.error}`);
  const { data, width, height } = result.symbol;
  const sizePx = (width + 2 * QUIET_MODULES) * modulePx;
  const pixels = new Uint8Array(sizePx * sizePx).fill(WHITE);
  for (let y = 0; y < height * modulePx; y += 1) {
    for (let x = 0; x < width * modulePx; x += 1) {
      const module = data[Math.floor(y / modulePx) * width + Math.floor(x / modulePx)] ?? WHITE;
      pixels[(y + QUIET_MODULES * modulePx) * sizePx + x + QUIET_MODULES * modulePx] = module;
    }
  }
  return { width: sizePx, height: sizePx, pixels };
}

/** For a terminal: two rows of modules a line, black on white whatever its colours are. */
export function drawInTerminal(raster: Raster): string {
  const { width, height, pixels } = raster;
  const isDark = (x: number, y: number) => y < height && (pixels[y * width + x] ?? WHITE) < 128;
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    const cells = Array.from({ length: width }, (_, x) => {
      const [upper, lower] = [isDark(x, y), isDark(x, y + 1)];
      return upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ';
    });
    lines.push(`\x1b[30;107m${cells.join('')}\x1b[0m`);
  }
  return `${lines.join('\n')}\n`;
}

/** Modules along a side of a drawn code, without its quiet zone. */
export function countModules(raster: Raster, modulePx = 6): number {
  return raster.width / modulePx - 2 * QUIET_MODULES;
}

export type Shot = {
  width: number;
  height: number;
  turnDegrees: number;
  /** Side of the code's picture as a share of the shorter side of the photo. */
  share: number;
  /** Radius of the blur, pixels of the photo. */
  blurPx: number;
  /** Largest change of one pixel, 0 to 255. */
  noise: number;
  /** How much darker the far corner is than the near one, 0 to 1. */
  shade: number;
};

/** Renders a drawing as a photo. The same chance gives the same photo. */
export function photograph(
  drawing: Raster,
  { shot, random }: { shot: Shot; random: Random },
): Raster {
  const { width, height } = shot;
  const placed = place(drawing, shot);
  const soft = blur({ width, height, pixels: placed }, shot.blurPx);
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x;
      const light = 1 - (shot.shade * (x / width + y / height)) / 2;
      const shaken = (soft.pixels[at] ?? 0) * light + (random.fraction() * 2 - 1) * shot.noise;
      pixels[at] = Math.max(0, Math.min(255, Math.round(shaken)));
    }
  }
  return { width, height, pixels };
}

/** Turns and scales the drawing into the middle of a grey background (bilinear sampling). */
function place(drawing: Raster, shot: Shot): Uint8Array {
  const { width, height } = shot;
  const turn = (shot.turnDegrees * Math.PI) / 180;
  const scale = drawing.width / (Math.min(width, height) * shot.share);
  const [cos, sin] = [Math.cos(turn) * scale, Math.sin(turn) * scale];
  const background = 110;
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [dx, dy] = [x - width / 2, y - height / 2];
      const sourceX = dx * cos + dy * sin + drawing.width / 2;
      const sourceY = dy * cos - dx * sin + drawing.height / 2;
      pixels[y * width + x] = sample(drawing, { x: sourceX, y: sourceY, outside: background });
    }
  }
  return pixels;
}

function sample(
  raster: Raster,
  { x, y, outside }: { x: number; y: number; outside: number },
): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  if (left < 0 || top < 0 || left + 1 >= raster.width || top + 1 >= raster.height) return outside;
  const [fx, fy] = [x - left, y - top];
  const at = top * raster.width + left;
  const { pixels, width } = raster;
  const upper = (pixels[at] ?? 0) * (1 - fx) + (pixels[at + 1] ?? 0) * fx;
  const lower = (pixels[at + width] ?? 0) * (1 - fx) + (pixels[at + width + 1] ?? 0) * fx;
  return upper * (1 - fy) + lower * fy;
}

/** Two passes of a box blur, near enough to a lens. */
function blur(raster: Raster, radiusPx: number): Raster {
  const radius = Math.round(radiusPx);
  if (radius === 0) return raster;
  const { width, height } = raster;
  const rows = { length: width, count: height, step: 1, nextStep: width };
  const columns = { length: height, count: width, step: width, nextStep: 1 };
  const across = boxBlur(raster.pixels, { ...rows, radius });
  return { width, height, pixels: boxBlur(across, { ...columns, radius }) };
}

type BlurPass = {
  /** Pixels along a row (or column), and how many of them there are. */
  length: number;
  count: number;
  /** From one pixel to the next along it, and from one row (or column) to the next. */
  step: number;
  nextStep: number;
  radius: number;
};

function boxBlur(source: Uint8Array, pass: BlurPass): Uint8Array {
  const { length, count, step, nextStep, radius } = pass;
  const target = new Uint8Array(source.length);
  for (let row = 0; row < count; row += 1) {
    for (let at = 0; at < length; at += 1) {
      let sum = 0;
      for (let offset = -radius; offset <= radius; offset += 1) {
        const clamped = Math.max(0, Math.min(length - 1, at + offset));
        sum += source[row * nextStep + clamped * step] ?? 0;
      }
      target[row * nextStep + at * step] = Math.round(sum / (2 * radius + 1));
    }
  }
  return target;
}

export function encodePng(raster: Raster): Uint8Array {
  const { width, height, pixels } = raster;
  return encodePngPixels({ width, height, data: pixels, channels: 1, depth: 8 });
}

/** `quality` 1 to 100. */
export function encodeJpeg(raster: Raster, quality: number): Uint8Array {
  const { width, height, pixels } = raster;
  const data = new Uint8Array(width * height * 4);
  for (let at = 0; at < pixels.length; at += 1) {
    const value = pixels[at] ?? 0;
    data.set([value, value, value, 255], at * 4);
  }
  return encodeJpegPixels({ width, height, data }, quality).data;
}
