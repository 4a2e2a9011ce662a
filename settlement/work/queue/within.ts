/** How long anything is waited for that another process has to answer. */
import type { Clock } from '@stile/host/clock.ts';

/** What the work brings, or undefined after that time; the work goes on, and nobody hears how it ends. */
export async function within<T>(
  ms: number,
  { work, clock }: { work: Promise<T>; clock: Clock },
): Promise<T | undefined> {
  let cancel: () => void = () => undefined;
  const over = new Promise<undefined>((resolve) => {
    cancel = clock.alarm(clock.now().monoMs + ms, () => resolve(undefined));
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, over]);
  } finally {
    cancel();
  }
}
