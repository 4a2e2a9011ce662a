/**
 * The clock that whatever is signed goes by: the machine's own while it is believed, else the last signed
 * time with what this process has counted since (core/lists/signed-time.ts).
 */
import { type Clock, wallS } from '@stile/host/clock.ts';
import {
  isConfirmed,
  judgeTime,
  type LastTime,
  type SignedTime,
} from '../core/lists/signed-time.ts';

export type SignedClock = {
  /** For those who sign: its wall clock is the time to sign. */
  clock: Clock;
  judge(): SignedTime;
  /** The operator says that it is now this time. False: the machine's clock says another. */
  confirm(statedS: number): boolean;
};

type Anchor = { atS: number; monoMs: number; wasOurs: boolean };

export function createSignedClock(
  clock: Clock,
  { lastS, jumpSMax }: { lastS: number | undefined; jumpSMax: number },
): SignedClock {
  const { monoMs: startMonoMs } = clock.now();
  let anchor: Anchor | undefined =
    lastS === undefined ? undefined : { atS: lastS, monoMs: startMonoMs, wasOurs: false };

  function lastTime(monoMs: number): LastTime | undefined {
    if (anchor === undefined) return undefined;
    const { atS, wasOurs } = anchor;
    return { atS, elapsedS: Math.floor((monoMs - anchor.monoMs) / 1000), wasOurs };
  }

  function judge(): SignedTime {
    const { monoMs } = clock.now();
    const time = judgeTime({ wallS: wallS(clock), last: lastTime(monoMs), jumpSMax });
    if (time.doubt === null) anchor = { atS: time.atS, monoMs, wasOurs: true };
    return time;
  }

  return {
    judge,
    clock: {
      now: () => ({ ...clock.now(), wallMs: signedMs(judge(), clock.now().wallMs) }),
      alarm: (atMs, fire) => clock.alarm(atMs, fire),
    },
    confirm(statedS) {
      if (!isConfirmed({ wallS: wallS(clock), statedS })) return false;
      anchor = { atS: wallS(clock), monoMs: clock.now().monoMs, wasOurs: true };
      return true;
    },
  };
}

function signedMs({ atS, doubt }: SignedTime, wallMs: number): number {
  return doubt === null && Math.floor(wallMs / 1000) === atS ? wallMs : atS * 1000;
}
