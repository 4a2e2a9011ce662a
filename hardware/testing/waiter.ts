/** Waits for what events bring about, without a clock: each event looks again whether it holds. */

export type Waiter = {
  /** To be called whenever something has happened. */
  wake(): void;
  until(holds: () => boolean): Promise<void>;
};

export function createWaiter(): Waiter {
  let resume: () => void = () => undefined;
  return {
    wake: () => resume(),
    async until(holds) {
      while (!holds()) {
        await new Promise<void>((done) => {
          resume = done;
        });
      }
    },
  };
}
