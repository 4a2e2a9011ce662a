/** One row of the statement in words, as the list, the ride page and a receipt say it. */
import type { StatementItem } from '@stile/protocol/http/rider-api.ts';
import type { Language } from '../../parts/languages.ts';
import { timeText } from '../../parts/money.ts';
import type { Words } from '../words/shape.ts';

export function nameOf({ kind, line, payee }: StatementItem, words: Words): string {
  const of = payee ?? (line === null ? '' : words.money.line(line));
  return of === '' ? words.money.kinds[kind] : `${words.money.kinds[kind]} · ${of}`;
}

/** What has to be added to the amount; most rows need nothing. */
export function noteOf({ reason, state }: StatementItem, words: Words): string | undefined {
  return words.money.notes[reason ?? ''] ?? words.money.notes[state];
}

/** When it was ridden; null if nobody rode. A gate without a clock knows it only about. */
export function riddenText(
  { riddenAtMs, riddenAtSource }: StatementItem,
  { words, language }: { words: Words; language: Language },
): string | null {
  if (riddenAtMs === null) return null;
  const isKnown = riddenAtSource === null || riddenAtSource === 'GATE';
  const when = timeText(riddenAtMs, language);
  return isKnown ? words.money.ridden(when) : words.money.riddenAbout(when);
}
