/**
 * Whether a page is as wide as its screen, and no wider, on each of these, also with text twice as large as usual; and
 * whether nothing that can be pressed lies over something else. If not, what sticks out or is covered.
 */
import type { Page } from 'playwright-core';

/** A small phone, a common one, one on its side; and the common one of a reader who needs large text. */
const SCREENS = [
  { width: 320, height: 640, textScale: 1 },
  { width: 390, height: 844, textScale: 1 },
  { width: 844, height: 390, textScale: 1 },
  { width: 390, height: 844, textScale: 2 },
  { width: 844, height: 390, textScale: 2 },
];
/** Of the theme's root, which stands above the reader's usual size. */
const ROOT_PERCENT = 106.25;

/** Measures one state of a page after another; `tooWide` and `overlapping` have what was found. */
export class PageWidths {
  readonly tooWide: string[] = [];
  readonly overlapping: string[] = [];
  readonly measured: string[] = [];
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async measure(place: string): Promise<void> {
    this.measured.push(place);
    for (const { textScale, ...screen } of SCREENS) {
      await this.#page.setViewportSize(screen);
      await this.#page.evaluate((percent) => {
        document.documentElement.style.fontSize = `${percent}%`;
      }, ROOT_PERCENT * textScale);
      const where = `${place} at ${screen.width}, text × ${textScale}`;
      const wide = await this.#page.evaluate(findWide);
      if (wide !== null) this.tooWide.push(`${where} is ${wide}`);
      const covered = await this.#page.evaluate(findOverlaps);
      this.overlapping.push(...covered.map((pair) => `${where}: ${pair}`));
    }
  }
}

/** In the page. */
function findWide(): string | null {
  const wide = document.documentElement.scrollWidth;
  if (wide <= innerWidth) return null;
  const names = [...document.querySelectorAll('#app *')]
    .filter((element) => element.getBoundingClientRect().right > innerWidth)
    .map((element) => `${element.tagName}.${element.getAttribute('class') ?? ''}`);
  return `${wide}: ${names.slice(-3).join(' ')}`;
}

/** In the page: pairs of things to press or to scan that share more than a pixel; what scrolls beneath a bar may. */
function findOverlaps(): string[] {
  const boxes = [...document.querySelectorAll('main :is(button, a, input, select, .qr, .ring)')]
    .filter((element) => !element.classList.contains('touch'))
    .map((element) => ({ element, box: element.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 0 && box.height > 0);
  const found: string[] = [];
  for (const [at, one] of boxes.entries()) {
    for (const other of boxes.slice(at + 1)) {
      if (one.element.contains(other.element)) continue;
      const width = Math.min(one.box.right, other.box.right) - Math.max(one.box.x, other.box.x);
      const height = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.y, other.box.y);
      if (width > 1 && height > 1)
        found.push(`${one.element.outerHTML} / ${other.element.outerHTML}`);
    }
  }
  return found;
}
