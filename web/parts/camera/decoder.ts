/** The decoder itself, in a chunk of its own: most visits need none. */
import { prepareZXingModule, readBarcodes as zxingRead } from 'zxing-wasm/reader';
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url';
import type { CodeFormat } from './code-format.ts';

export const wasmUrl: string = wasm;
let isPrepared = false;

export async function readBarcodes(
  url: string,
  picture: ImageData | Blob,
  formats: readonly CodeFormat[],
): Promise<string[]> {
  if (!isPrepared) {
    prepareZXingModule({ overrides: { locateFile: () => url } });
    isPrepared = true;
  }
  const found = await zxingRead(picture, {
    formats: [...formats],
    maxNumberOfSymbols: 1,
    tryHarder: true,
  });
  return found.filter(({ isValid }) => isValid).map(({ text }) => text);
}
