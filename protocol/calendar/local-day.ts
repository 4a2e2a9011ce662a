/**
 * Days as people count them: from midnight to midnight in one time zone, 23 or 25 hours long where a clock is changed.
 * The rules of the zones are the platform's, through Intl: Temporal, which would do this, no platform of ours has yet.
 */

/** Made once for many questions: making it reads the rules of its zone. */
export type LocalCalendar = {
  /** The one day that an instant belongs to. */
  dayAt(atMs: number): LocalDay;
  /** Undefined if there is no such date. A day that a zone has left out begins where it ends. */
  findDay(date: string): LocalDay | undefined;
  /** So many days after that date, or before it. */
  dayAfter(date: string, days: number): LocalDay;
};

/** `date`: as 2026-10-25. From its first instant to the first of the next day. */
export type LocalDay = { date: string; fromMs: number; toMs: number };

const DAY_MS = 86_400_000;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Whether it is the name of a time zone that the platform knows, as Europe/Berlin. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** @throws RangeError for what is no time zone. */
export function localCalendar(timeZone: string): LocalCalendar {
  const format = formatOf(timeZone);

  /** What clocks there show, as if it were UTC. */
  const localMs = (atMs: number): number => {
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    const of = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
    return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  };

  /** The first instant of a date, which is given as its midnight in UTC. */
  const startMs = (midnightMs: number): number => {
    const offsetsMs = [midnightMs - DAY_MS, midnightMs + DAY_MS].map((at) => localMs(at) - at);
    const guessesMs = offsetsMs.map((offsetMs) => midnightMs - offsetMs).sort((a, b) => a - b);
    const exact = guessesMs.find((guessMs) => localMs(guessMs) === midnightMs);
    if (exact !== undefined) return exact;
    // Clocks are put forward over midnight: the day begins at that moment.
    let [beforeMs = 0, fromMs = 0] = guessesMs;
    while (fromMs - beforeMs > 1) {
      const middleMs = Math.floor((beforeMs + fromMs) / 2);
      if (localMs(middleMs) >= midnightMs) fromMs = middleMs;
      else beforeMs = middleMs;
    }
    return fromMs;
  };

  const dayOf = (midnightMs: number): LocalDay => ({
    date: new Date(midnightMs).toISOString().slice(0, 10),
    fromMs: startMs(midnightMs),
    toMs: startMs(midnightMs + DAY_MS),
  });

  return {
    dayAt(atMs) {
      const shownMs = localMs(atMs);
      const day = dayOf(shownMs - (((shownMs % DAY_MS) + DAY_MS) % DAY_MS));
      // A clock that is put back over midnight shows the day before once more: that hour is of the new day.
      return atMs < day.toMs ? day : dayOf(Date.parse(day.date) + DAY_MS);
    },
    findDay(date) {
      const midnightMs = midnightOf(date);
      return midnightMs === undefined ? undefined : dayOf(midnightMs);
    },
    dayAfter(date, days) {
      return dayOf((midnightOf(date) ?? Number.NaN) + days * DAY_MS);
    },
  };
}

function midnightOf(date: string): number | undefined {
  const ms = DATE.test(date) ? Date.parse(date) : Number.NaN;
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date ? undefined : ms;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
}
