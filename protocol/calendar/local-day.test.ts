/** Days of 23, 24 and 25 hours, in zones with whole and half hours, and where midnight itself is skipped or shown twice. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTimeZone, localCalendar } from './local-day.ts';

const HOUR_MS = 3_600_000;
const iso = (atMs: number) => new Date(atMs).toISOString().replace('.000Z', 'Z');

test.each([
  ['Europe/Berlin', '2026-10-24', '2026-10-23T22:00:00Z', 24],
  ['Europe/Berlin', '2026-10-25', '2026-10-24T22:00:00Z', 25],
  ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00Z', 23],
  ['America/New_York', '2026-11-01', '2026-11-01T04:00:00Z', 25],
  ['America/New_York', '2026-03-08', '2026-03-08T05:00:00Z', 23],
  ['Asia/Kolkata', '2026-07-27', '2026-07-26T18:30:00Z', 24],
  ['Asia/Kathmandu', '2026-07-27', '2026-07-26T18:15:00Z', 24],
  // Changes by half an hour.
  ['Australia/Lord_Howe', '2026-04-05', '2026-04-04T13:00:00Z', 24.5],
  ['Australia/Lord_Howe', '2026-10-04', '2026-10-03T13:30:00Z', 23.5],
  // Its midnight is not shown by any clock: the day begins at one.
  ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00Z', 23],
  ['America/Havana', '2026-03-08', '2026-03-08T05:00:00Z', 23],
  // Midnight is shown twice, and the first one counts.
  ['America/Havana', '2026-11-01', '2026-11-01T04:00:00Z', 25],
  ['Africa/Cairo', '2026-10-29', '2026-10-28T21:00:00Z', 25],
  // An hour of the day before was shown once more behind one minute of the new day.
  ['America/St_Johns', '2010-11-07', '2010-11-07T02:30:00Z', 25],
  // A day that there was not.
  ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00Z', 0],
  ['Pacific/Apia', '2011-12-31', '2011-12-30T10:00:00Z', 24],
  ['UTC', '2026-10-25', '2026-10-25T00:00:00Z', 24],
])('in %s %s begins at %s and has %s hours', (timeZone, date, from, hours) => {
  const day = localCalendar(timeZone).findDay(date);
  expect(day && iso(day.fromMs)).toBe(from);
  expect(day && (day.toMs - day.fromMs) / HOUR_MS).toBe(hours);
});

test('the last hour of a day of 25 hours is still of it', () => {
  const { dayAt } = localCalendar('Europe/Berlin');
  const lastMs = Date.parse('2026-10-25T22:59:59.999Z');
  expect(dayAt(lastMs).date).toBe('2026-10-25');
  expect(dayAt(lastMs + 1).date).toBe('2026-10-26');
});

test('a week after a date is that day of the next week, however long its days are', () => {
  const { dayAfter } = localCalendar('Europe/Berlin');
  expect(dayAfter('2026-10-20', 7).date).toBe('2026-10-27');
  expect(iso(dayAfter('2026-10-20', 7).fromMs)).toBe('2026-10-26T23:00:00Z');
  expect(dayAfter('2026-03-01', -1).date).toBe('2026-02-28');
});

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/St_Johns',
  'America/Havana',
  'America/Asuncion',
  'Africa/Cairo',
  'Asia/Kolkata',
  'Asia/Beirut',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Kiritimati',
];

test('every instant belongs to one day, and the days follow one another without a gap', () => {
  const instant = fc.integer({
    min: Date.UTC(2000, 0, 1) / 1000,
    max: Date.UTC(2040, 0, 1) / 1000,
  });
  fc.assert(
    fc.property(instant, fc.constantFrom(...ZONES), (atS, timeZone) => {
      const { dayAt, dayAfter } = localCalendar(timeZone);
      const atMs = atS * 1000;
      const day = dayAt(atMs);
      expect(day.fromMs).toBeLessThanOrEqual(atMs);
      expect(day.toMs).toBeGreaterThan(atMs);
      expect(dayAfter(day.date, 1).fromMs).toBe(day.toMs);
      expect(dayAfter(day.date, -1).toMs).toBe(day.fromMs);
    }),
    { numRuns: 300 },
  );
});

describe('what is no date or no zone', () => {
  test.each(['2026-02-29', '2026-13-01', '26-01-01', '2026-1-1', '', '2026-01-01T00:00Z'])(
    '%j is no date',
    (date) => {
      expect(localCalendar('UTC').findDay(date)).toBeUndefined();
    },
  );

  test.each([
    ['Europe/Berlin', true],
    ['UTC', true],
    ['Europe/Atlantis', false],
    ['', false],
    ['Berlin', false],
  ])('%j as a zone: %s', (name, isOne) => {
    expect(isTimeZone(name)).toBe(isOne);
  });
});
