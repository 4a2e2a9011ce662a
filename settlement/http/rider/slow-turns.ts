/**
 * Turns at what is slow on purpose, the hash of a recovery code: so many at once whoever asks, so that nobody takes up
 * more than that of the processor. Who waits does so in one of two lines: what is known goes first; what may be made
 * up goes one by one, at a pace. In a line those who ask, addresses or accounts, take turns, so a crowd at one keeps
 * nobody else waiting.
 */
import type { Clock } from '@stile/host/clock.ts';
import { Fault } from '@stile/protocol/fault.ts';

/** Of four threads that Node has for such work; files are read on them too. */
const AT_ONCE_MAX = 2;
/** In one line. */
const WAITING_MAX = 20;
/** For so long the last of the unknown waits; at a slow pace fewer may. */
const UNKNOWN_WAIT_MS_MAX = 10_000;
/** Of one who asks, in one line. */
const WAITING_EACH_MAX = 4;

type Waiting = { start: () => void; refuse: (fault: Fault) => void };
/** Who waits, by who asks; those who waited longest for a turn come first. */
type Line = Map<string, Waiting[]>;

export type SlowTurns = ReturnType<typeof createSlowTurns>;
export type TurnOf = { line: 'known' | 'unknown'; subject: string };

/** `unknownGapMs`: so long from the start of one of the unknown to the next. */
export function createSlowTurns(clock: Clock, { unknownGapMs }: { unknownGapMs: number }) {
  const lines: Record<TurnOf['line'], Line> = { known: new Map(), unknown: new Map() };
  const unknownMax = Math.max(1, Math.floor(UNKNOWN_WAIT_MS_MAX / unknownGapMs));
  const waitingMax = { known: WAITING_MAX, unknown: Math.min(WAITING_MAX, unknownMax) };
  let running = 0;
  let unknownFromMs = clock.now().monoMs;
  let stopAlarm: (() => void) | null = null;

  function startNext(): void {
    while (running < AT_ONCE_MAX) {
      const next = takeFirst(lines.known) ?? takeUnknown();
      if (next === undefined) return;
      running += 1;
      next.start();
    }
  }

  function takeUnknown(): Waiting | undefined {
    const { monoMs } = clock.now();
    if (lines.unknown.size === 0) return undefined;
    if (monoMs < unknownFromMs) {
      wakeLater();
      return undefined;
    }
    unknownFromMs = monoMs + unknownGapMs;
    return takeFirst(lines.unknown);
  }

  function wakeLater(): void {
    stopAlarm ??= clock.alarm(unknownFromMs, () => {
      stopAlarm = null;
      startNext();
    });
  }

  return {
    /** @throws Fault UPLINK_BUSY if too many wait. */
    async take<T>({ line, subject }: TurnOf, work: () => Promise<T>): Promise<T> {
      await new Promise<void>((start, refuse) => {
        join(lines[line], { subject, waiting: { start, refuse }, waitingMax: waitingMax[line] });
        startNext();
      });
      try {
        return await work();
      } finally {
        running -= 1;
        startNext();
      }
    },
    /** Who waits is sent away. */
    close(): void {
      stopAlarm?.();
      for (const line of Object.values(lines)) {
        for (const waiting of [...line.values()].flat()) waiting.refuse(busy());
        line.clear();
      }
    },
  };
}

function takeFirst(line: Line): Waiting | undefined {
  for (const [subject, waiting] of line) {
    const first = waiting.shift();
    line.delete(subject);
    // Behind everybody else who waits.
    if (waiting.length > 0) line.set(subject, waiting);
    return first;
  }
  return undefined;
}

/** In a full line one who has nobody there takes the place of one who has several. @throws Fault UPLINK_BUSY. */
function join(
  line: Line,
  { subject, waiting, waitingMax }: { subject: string; waiting: Waiting; waitingMax: number },
): void {
  const own = line.get(subject) ?? [];
  if (own.length >= WAITING_EACH_MAX) throw busy();
  const all = [...line.values()];
  if (all.reduce((count, { length }) => count + length, 0) >= waitingMax) {
    const most = all.reduce((a, b) => (b.length > a.length ? b : a));
    if (most.length <= own.length + 1) throw busy();
    most.pop()?.refuse(busy());
  }
  line.set(subject, [...own, waiting]);
}

function busy(): Fault {
  return new Fault('UPLINK_BUSY', 'many recovery codes are tried just now: try again in a moment');
}
