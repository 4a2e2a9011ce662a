/** The decoder itself, in a chunk of its own: most visits need none. */
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import wasmUrl from 'zxing-wasm/reader/zxing_reader.wasm?url';
import type { CodeFormat } from './code-format.ts';

/** From this origin; the same object each time, so that the module is loaded once. */
const OVERRIDES = { locateFile: () => wasmUrl };

/** The texts of the codes in a picture: one character a byte. */
export async function decode(
  picture: ImageData,
  { formats, codesMax }: { formats: readonly CodeFormat[]; codesMax: number },
): Promise<string[]> {
  prepareZXingModule({ overrides: OVERRIDES });
  const found = await readBarcodes(picture, {
    formats: [...formats],
    maxNumberOfSymbols: codesMax,
    tryHarder: true,
  });
  return found.filter(({ isValid }) => isValid).map(({ bytes }) => String.fromCharCode(...bytes));
}
