/** What the wallet says, by language, and how it says that settlement refused or did not respond. */
import { ApiRefusal } from '../../parts/api.ts';
import type { Language } from '../../parts/languages.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { fr } from './fr.ts';
import type { Words } from './shape.ts';

export const WORDS: Readonly<Record<Language, Words>> = { en, de, fr };

/** What a request's error means to a rider. */
export function failureText(error: unknown, words: Words): string {
  if (!(error instanceof ApiRefusal)) return words.unreachable;
  return words.failures[error.code] ?? words.warnings.refused(error.message);
}
