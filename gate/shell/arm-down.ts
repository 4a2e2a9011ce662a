/** The arm goes down first, whatever ends a gate; a board that takes no bytes is not waited for long. */
import type { Clock } from '@stile/host/clock.ts';

const TOLD_MS_MAX = 2_000;

/** Resolves when the barrier was told, could not be told, or has had its time. */
export async function armDown(told: Promise<void>, clock: Clock): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = clock.alarm(clock.now().monoMs + TOLD_MS_MAX, () => late.resolve());
  await Promise.race([told.catch(() => undefined), late.promise]);
  cancel();
}
