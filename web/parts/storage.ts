/** The small storage of an origin: texts by name. A browser that stores nothing for pages throws at each use. */

export type TextStorage = {
  getItem(name: string): string | null;
  setItem(name: string, text: string): void;
  removeItem(name: string): void;
  /** Of all texts that are stored. */
  names(): string[];
};

/** Asks for `localStorage` at each use, because the mere look at it throws in some windows. */
export const browserStorage: TextStorage = {
  getItem: (name) => localStorage.getItem(name),
  setItem: (name, text) => localStorage.setItem(name, text),
  removeItem: (name) => localStorage.removeItem(name),
  names: () => Object.keys(localStorage),
};
