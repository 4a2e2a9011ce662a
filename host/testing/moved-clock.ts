/**
 * A clock that moves when it is told to, and never by itself. Alarms ring in the order of
 * their instants, those of one instant in the order they were set, and each sees its own instant: an
 * alarm set by an alarm still rings within the same move. The wall clock can be set apart from it.
 */
import type { Now } from '@stile/protocol/time.ts';
import type { Clock } from '../clock.ts';

export type MovedClock = Clock & {
  /** Moves both clocks forward and rings every alarm on the way. */
  advance(byMs: number): void;
  /** Sets the wall clock; elapsed time and alarms do not notice. */
  setWall(wallMs: number): void;
  readonly alarms: number;
};

type Alarm = { atMs: number; fire: () => void };

/** More alarms than this in one move are a loop that sets its alarm for the instant that it is in. */
const ALARMS_PER_MOVE_MAX = 100_000;

export function createMovedClock(start: Now): MovedClock {
  let { wallMs, monoMs } = start;
  const alarms: Alarm[] = [];

  function moveTo(atMs: number): void {
    if (atMs <= monoMs) return;
    wallMs += atMs - monoMs;
    monoMs = atMs;
  }

  function take(alarm: Alarm): void {
    const at = alarms.indexOf(alarm);
    if (at >= 0) alarms.splice(at, 1);
  }

  function takeNext(untilMs: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of alarms) {
      if (alarm.atMs <= untilMs && (next === undefined || alarm.atMs < next.atMs)) next = alarm;
    }
    if (next !== undefined) take(next);
    return next;
  }

  return {
    now: () => ({ wallMs, monoMs }),
    alarm(atMs, fire) {
      const alarm = { atMs, fire };
      alarms.push(alarm);
      return () => take(alarm);
    },
    advance(byMs) {
      const untilMs = monoMs + byMs;
      let rung = 0;
      for (let next = takeNext(untilMs); next !== undefined; next = takeNext(untilMs)) {
        rung += 1;
        if (rung > ALARMS_PER_MOVE_MAX) throw new Error('an alarm is set again and again, at once');
        moveTo(next.atMs);
        next.fire();
      }
      moveTo(untilMs);
    },
    setWall(toMs) {
      wallMs = toMs;
    },
    get alarms() {
      return alarms.length;
    },
  };
}
