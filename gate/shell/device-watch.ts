/** Says in the log which of its parts a gate has not: soon after its start, and again as long as that lasts. */
import type { Clock } from '@stile/host/clock.ts';
import type { Logger } from 'pino';

/** A part that is there has been opened by then. */
const FIRST_LOOK_MS = 5_000;
const LOOK_MS = 600_000;

export type WatchedDevices = Readonly<Record<string, { readonly connected: boolean } | null>>;

/** Null: this gate has no such part. Returns how to stop it. */
export function watchDevices(
  devices: WatchedDevices,
  { clock, log }: { clock: Clock; log: Logger },
): () => void {
  function look(): void {
    cancel = lookIn(LOOK_MS);
    const away = Object.entries(devices).filter(([, device]) => device?.connected === false);
    if (away.length === 0) return;
    log.error({ away: away.map(([name]) => name) }, 'parts of this gate are away');
  }

  function lookIn(ms: number): () => void {
    return clock.alarm(clock.now().monoMs + ms, look);
  }

  let cancel = lookIn(FIRST_LOOK_MS);
  return () => cancel();
}
