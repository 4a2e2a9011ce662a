/** The page's one ticking clock, as a signal: what counts down reads it. Stands still in a hidden page. */
import { signal } from '@preact/signals';

const TICK_MS = 250;

export const nowMs = signal(Date.now());

setInterval(() => {
  if (document.visibilityState === 'visible') nowMs.value = Date.now();
}, TICK_MS);
document.addEventListener('visibilitychange', () => {
  nowMs.value = Date.now();
});
