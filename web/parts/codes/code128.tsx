/**
 * Digits as a Code 128 bar code (set C: two digits a symbol), with quiet zones of ten modules. Of JsBarcode only
 * what encodes them is loaded, not its other kinds of bars nor what draws them.
 */
import { assert } from '@stile/protocol/fault.ts';
import { CODE128C } from 'jsbarcode/bin/barcodes/CODE128/index.js';
import { useMemo } from 'preact/hooks';

const QUIET_MODULES = 10;
const HEIGHT_MODULES = 40;

export function Code128(props: { digits: string; label: string }) {
  const { digits } = props;
  const { width, path } = useMemo(() => drawCode128(digits), [digits]);
  return (
    <svg
      class="code128"
      viewBox={`0 0 ${width} ${HEIGHT_MODULES}`}
      preserveAspectRatio="none"
      shape-rendering="crispEdges"
      role="img"
      aria-label={props.label}
    >
      <rect class="paper" width={width} height={HEIGHT_MODULES} />
      <path class="ink" d={path} />
    </svg>
  );
}

/** `digits`: an even number of them. Its width in modules, quiet zones and all, and its bars. */
export function drawCode128(digits: string): { width: number; path: string } {
  const code = new CODE128C(digits, {});
  assert(code.valid(), 'only pairs of digits have bars');
  const { data: bits } = code.encode();
  const bars: string[] = [];
  for (const bar of bits.matchAll(/1+/g)) {
    const long = bar[0].length;
    bars.push(`M${QUIET_MODULES + bar.index} 0h${long}v${HEIGHT_MODULES}h-${long}z`);
  }
  return { width: bits.length + 2 * QUIET_MODULES, path: bars.join('') };
}
