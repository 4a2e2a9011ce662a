/** Waits for what signals say, without looking at a clock. */
import { effect } from '@preact/signals';

/** Resolves as soon as the condition holds, which it reads from signals. */
export function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = effect(() => {
      if (!condition()) return;
      // Not from inside the effect, which cannot end itself while it first runs.
      queueMicrotask(() => {
        end();
        resolve();
      });
    });
  });
}
