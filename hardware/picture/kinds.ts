/**
 * What a picture file is, by its first bytes, and how large: before anything unpacks it. PNG (RFC 2083), JPEG
 * (ITU-T T.81), GIF and BMP are read; the others are named, because what a tester has to do is to save them as PNG.
 */

export type PictureKind =
  | 'PNG'
  | 'JPEG'
  | 'GIF'
  | 'BMP'
  | 'WebP'
  | 'AVIF'
  | 'HEIC'
  | 'TIFF'
  | 'PDF'
  | 'SVG';

/** What the decoder unpacks. */
const READ: readonly PictureKind[] = ['PNG', 'JPEG', 'GIF', 'BMP'];
/** Of an ISO media file (ISO/IEC 14496-12 §4.3): what its brand stands for. */
const BRANDS: Readonly<Record<string, PictureKind>> = {
  avif: 'AVIF',
  avis: 'AVIF',
  heic: 'HEIC',
  heix: 'HEIC',
  hevc: 'HEIC',
  mif1: 'HEIC',
  msf1: 'HEIC',
};

export type Size = { width: number; height: number };

export function isRead(kind: PictureKind): boolean {
  return READ.includes(kind);
}

export function kindOf(bytes: Uint8Array): PictureKind | undefined {
  const head = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'PNG';
  if (head.startsWith('\xff\xd8')) return 'JPEG';
  if (/^GIF8[79]a/.test(head)) return 'GIF';
  if (head.startsWith('BM')) return 'BMP';
  if (/^RIFF.{4}WEBP/s.test(head)) return 'WebP';
  if (head.slice(4, 8) === 'ftyp') return BRANDS[head.slice(8, 12)];
  if (/^(II\*\0|MM\0\*)/.test(head)) return 'TIFF';
  if (head.startsWith('%PDF-')) return 'PDF';
  return /^\s*(<\?xml.*)?<svg/s.test(head) ? 'SVG' : undefined;
}

/** Width and height from the head of a file that is read. */
export function measurePicture(bytes: Uint8Array): Size | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (kindOf(bytes)) {
    case 'PNG':
      return bytes.length < 24
        ? undefined
        : { width: view.getUint32(16), height: view.getUint32(20) };
    case 'GIF':
      if (bytes.length < 10) return undefined;
      return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
    case 'BMP':
      if (bytes.length < 26) return undefined;
      // A height below 0 says that the rows begin above.
      return {
        width: Math.abs(view.getInt32(18, true)),
        height: Math.abs(view.getInt32(22, true)),
      };
    case 'JPEG':
      return measureJpeg(view);
    default:
      return undefined;
  }
}

function measureJpeg(view: DataView): Size | undefined {
  let at = 2;
  while (at + 9 < view.byteLength && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}
