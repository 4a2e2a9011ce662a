/** What the till says, by language. */
import type { Language } from '../../parts/languages.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { fr } from './fr.ts';
import type { Words } from './shape.ts';

export const WORDS: Readonly<Record<Language, Words>> = { en, de, fr };
