/**
 * The languages of the pages. Another one is a line here and a file `words/XX.ts` for each page; what it leaves unsaid the
 * compiler names.
 */

/** In their own words, as readers choose them; the first is for everybody else. */
export const LANGUAGES = { en: 'English', de: 'Deutsch', fr: 'Français' } as const;

export type Language = keyof typeof LANGUAGES;

export const ALL_LANGUAGES = Object.keys(LANGUAGES) as readonly Language[];
