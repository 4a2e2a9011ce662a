/** Whether a page is as wide as its screen, and no wider, on each of these; and what sticks out if it is not. */
import type { Page } from 'playwright-core';

/** A small phone, a common one, and one on its side. */
const SCREENS = [
  { width: 320, height: 640 },
  { width: 390, height: 844 },
  { width: 844, height: 390 },
];

/** Measures one state of a page after another; `tooWide` has what was found. */
export class PageWidths {
  readonly tooWide: string[] = [];
  readonly measured: string[] = [];
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async measure(place: string): Promise<void> {
    this.measured.push(place);
    for (const screen of SCREENS) {
      await this.#page.setViewportSize(screen);
      const found = await this.#page.evaluate(() => {
        const wide = document.documentElement.scrollWidth;
        if (wide <= innerWidth) return null;
        const names = [...document.querySelectorAll('#app *')]
          .filter((element) => element.getBoundingClientRect().right > innerWidth)
          .map((element) => `${element.tagName}.${element.getAttribute('class') ?? ''}`);
        return `${wide}: ${names.slice(-3).join(' ')}`;
      });
      if (found !== null) this.tooWide.push(`${place} at ${screen.width} is ${found}`);
    }
  }
}
