/** Which language a page speaks: the reader's choice, else the browser's, else English. */
import { signal } from '@preact/signals';
import type { Language } from './money.ts';

const KEPT_UNDER = 'stile-language';

function firstLanguage(): Language {
  const chosen = readChoice();
  if (chosen === 'en' || chosen === 'de') return chosen;
  return navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en';
}

function readChoice(): string | null {
  try {
    return localStorage.getItem(KEPT_UNDER);
  } catch {
    // A browser that keeps nothing for pages throws here; a choice then lasts as long as the page.
    return null;
  }
}

export const language = signal<Language>(firstLanguage());
document.documentElement.lang = language.value;

export function speak(next: Language): void {
  document.documentElement.lang = next;
  language.value = next;
  try {
    localStorage.setItem(KEPT_UNDER, next);
  } catch {
    // Not kept, see above.
  }
}
