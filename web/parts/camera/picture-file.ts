/**
 * A code in a picture's file, with the same answers as the command line gives (hardware/README.md §6). The browser
 * unpacks the picture, so whatever it can show can be read.
 */
import type { CodeFormat } from './code-format.ts';

/** Larger ones are looked at smaller first: a photo of a phone shows its code large. */
const QUICK_SIDE_PX_MAX = 2_000;

export type FileReading =
  | { ok: true; text: string }
  | { ok: false; reason: 'NOT_A_PICTURE' | 'NO_CODE_FOUND' | 'SEVERAL_CODES' };

export async function readPictureFile(
  file: Blob,
  formats: readonly CodeFormat[],
): Promise<FileReading> {
  const { decode } = await import('./decoder.ts');
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (bitmap === null) return { ok: false, reason: 'NOT_A_PICTURE' };
  try {
    const scale = Math.min(1, QUICK_SIDE_PX_MAX / Math.max(bitmap.width, bitmap.height));
    for (const size of scale < 1 ? [scale, 1] : [1]) {
      const texts = new Set(await decode(pixelsOf(bitmap, size), { formats, codesMax: 8 }));
      const [text] = texts;
      if (texts.size > 1) return { ok: false, reason: 'SEVERAL_CODES' };
      if (text !== undefined) return { ok: true, text };
    }
    return { ok: false, reason: 'NO_CODE_FOUND' };
  } finally {
    bitmap.close();
  }
}

/** On white: a saved code is often black on nothing. */
function pixelsOf(bitmap: ImageBitmap, scale: number): ImageData {
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = new OffscreenCanvas(width, height).getContext('2d');
  if (pen === null) throw new Error('this browser draws nothing');
  pen.fillStyle = '#ffffff';
  pen.fillRect(0, 0, width, height);
  pen.drawImage(bitmap, 0, 0, width, height);
  return pen.getImageData(0, 0, width, height);
}
