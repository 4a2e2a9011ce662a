/** Medians and percentiles of what was measured, and how they are printed. */

/** The value below which `share` (0 to 1) of the samples lie. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.floor(share * sorted.length));
  return sorted[Math.max(0, at)] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** Of answers that were waited for, in milliseconds. */
export type Waits = { p50: number; p99: number; longest: number; samples: number };

export function waitsOf(samples: readonly number[]): Waits {
  return {
    p50: median(samples),
    p99: percentile(samples, 0.99),
    longest: Math.max(...samples),
    samples: samples.length,
  };
}

export function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}

export function ratio(value: number): string {
  return `${value.toFixed(2)} ×`;
}
