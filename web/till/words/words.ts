/** What the till says, by language. */
import type { Language } from '../../parts/money.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import type { Words } from './shape.ts';

export const WORDS: Readonly<Record<Language, Words>> = { en, de };
