/**
 * A QR code as one SVG path on white, with the quiet zone of four modules that readers need. Black on
 * white in dark mode too: half the readers in the field cannot read it the other way round.
 */
import { useMemo } from 'preact/hooks';
import { encode, type QrCodeGenerateOptions } from 'uqr';

const QUIET_MODULES = 4;

/** The transit code's picture is always version 10 with error correction M (protocol §2.2). */
export const TRANSIT_QR: QrCodeGenerateOptions = {
  ecc: 'M',
  minVersion: 10,
  maxVersion: 10,
  boostEcc: false,
};

export function QrCode(props: { text: string; label: string; options?: QrCodeGenerateOptions }) {
  const { text, options } = props;
  const { size, path } = useMemo(() => drawQr(text, options), [text, options]);
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${size} ${size}`}
      shape-rendering="crispEdges"
      role="img"
      aria-label={props.label}
    >
      <rect class="paper" width={size} height={size} />
      <path class="ink" d={path} />
    </svg>
  );
}

/** Its side in modules, quiet zone and all, and its dark modules: one run of a row after another. */
export function drawQr(
  text: string,
  options: QrCodeGenerateOptions = {},
): { size: number; version: number; path: string } {
  const { data, size, version } = encode(text, { ecc: 'M', ...options, border: QUIET_MODULES });
  const runs: string[] = [];
  for (const [y, row] of data.entries()) {
    for (let x = 0; x < size; x += 1) {
      if (row[x] !== true) continue;
      const from = x;
      while (row[x + 1] === true) x += 1;
      runs.push(`M${from} ${y}h${x + 1 - from}v1h-${x + 1 - from}z`);
    }
  }
  return { size, version, path: runs.join('') };
}
