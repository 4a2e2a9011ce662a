/**
 * Two readings of time, taken together: the wall clock for what is valid when, the monotonic one for how
 * long. Whoever decides gets them as a value; nobody below a shell reads a clock.
 */

/** `wallMs`: unix milliseconds, may jump. `monoMs`: milliseconds since some start, only grows. */
export type Now = { wallMs: number; monoMs: number };
