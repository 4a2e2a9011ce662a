/** A browser's page without a browser: a test hides it, shows it, takes its network away. */
import { setMaxListeners } from 'node:events';
import type { PageChange, PageState } from '../parts/page-state.ts';

export class ScriptedPage implements PageState {
  #isVisible = true;
  #isOnline = true;
  readonly #changes = new EventTarget();

  constructor() {
    // Every wallet of a test that reloads listens to the same page.
    setMaxListeners(0, this.#changes);
  }

  isVisible(): boolean {
    return this.#isVisible;
  }

  isOnline(): boolean {
    return this.#isOnline;
  }

  onChange(change: PageChange, run: () => void): () => void {
    this.#changes.addEventListener(change, run);
    return () => this.#changes.removeEventListener(change, run);
  }

  setVisible(isVisible: boolean): void {
    this.#isVisible = isVisible;
    this.#changes.dispatchEvent(new Event('visibility'));
  }

  /** What the browser says of its network; a wire may be cut without its noticing. */
  setOnline(isOnline: boolean): void {
    this.#isOnline = isOnline;
    this.#changes.dispatchEvent(new Event(isOnline ? 'online' : 'offline'));
  }
}
