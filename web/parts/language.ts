/** Which language a page speaks: the reader's choice, else the browser's, else English. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { ALL_LANGUAGES, type Language } from './languages.ts';
import type { TextStorage } from './storage.ts';

const STORED_AS = 'stile-language';

export type LanguageChoice = {
  current: ReadonlySignal<Language>;
  choose(next: Language): void;
};

export type LanguageParts = {
  storage: TextStorage;
  /** The browser's own language, as it names it. */
  browserLanguage: string;
  /** The document's root element, which says what the page is written in. */
  root: { lang: string };
};

export function createLanguage({ storage, browserLanguage, root }: LanguageParts): LanguageChoice {
  const current = signal<Language>(firstLanguage(readChoice(storage), browserLanguage));
  root.lang = current.value;
  return {
    current,
    choose(next) {
      root.lang = next;
      current.value = next;
      try {
        storage.setItem(STORED_AS, next);
      } catch {
        // A browser that stores nothing for pages; the choice then lasts as long as the page.
      }
    },
  };
}

function firstLanguage(choice: string | null, browserLanguage: string): Language {
  const own = browserLanguage.toLowerCase().split('-')[0];
  const find = (name: string | null | undefined) => ALL_LANGUAGES.find((one) => one === name);
  return find(choice) ?? find(own) ?? 'en';
}

function readChoice(storage: TextStorage): string | null {
  try {
    return storage.getItem(STORED_AS);
  } catch {
    return null;
  }
}
