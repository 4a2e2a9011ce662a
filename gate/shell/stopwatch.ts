/**
 * How long each step of a tap took, kept in memory: the last samples of each step, nothing else.
 * SIGUSR2 writes them to a file (main.ts); the benchmark and a person with a slow gate read it.
 */

/** Samples kept a step; older ones are overwritten. */
export const SAMPLES_MAX = 8_192;

/** In the order of a tap: bytes → line → fields → look-ups → signatures → disk → relay. */
export const STEPS = ['line', 'decode', 'lookup', 'verify', 'commit', 'relay', 'total'] as const;
export type Step = (typeof STEPS)[number];

export type Stopwatch = {
  add(step: Step, ms: number): void;
  /** Milliseconds by step, oldest first. */
  read(): Record<Step, number[]>;
};

export function createStopwatch(): Stopwatch {
  const rings = new Map(
    STEPS.map((step) => [step, { samples: new Float64Array(SAMPLES_MAX), n: 0 }]),
  );
  return {
    add(step, ms) {
      const ring = rings.get(step);
      if (ring === undefined) return;
      ring.samples[ring.n % SAMPLES_MAX] = ms;
      ring.n += 1;
    },
    read() {
      const out = {} as Record<Step, number[]>;
      for (const [step, { samples, n }] of rings) {
        const from = n <= SAMPLES_MAX ? 0 : n % SAMPLES_MAX;
        out[step] = [
          ...samples.subarray(from, Math.min(n, SAMPLES_MAX)),
          ...samples.subarray(0, from),
        ];
      }
      return out;
    },
  };
}
