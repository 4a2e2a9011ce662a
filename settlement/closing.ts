/** What was opened, and how it is taken down again. */

/** Takes down what was opened, the latest first, once. */
export class Closing {
  readonly #steps: (() => Promise<void>)[];

  constructor(last: () => Promise<void>) {
    this.#steps = [last];
  }

  /** To be closed before everything that was opened so far. */
  first(close: () => Promise<void>): void {
    this.#steps.push(close);
  }

  async run(): Promise<void> {
    for (const close of this.#steps.splice(0).reverse()) await close();
  }
}
