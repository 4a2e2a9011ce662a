/** How long a property of a store may run, so that what failed is told before the test itself is ended. */

/** Shorter than a test's limit: a counterexample that is still made smaller then is told as it is. */
const PROPERTY_MS_MAX = 500_000;

/** Options of `fc.assert` for a property that opens a store for every run. */
export function storeProperty(numRuns: number) {
  return {
    numRuns,
    interruptAfterTimeLimit: PROPERTY_MS_MAX,
    markInterruptAsFailure: true,
  };
}
