/**
 * Background work takes turns: one bounded piece in each round of the event loop, first come first
 * served, whoever brings it. So a question that comes in meanwhile waits for one piece, not for one of
 * every batch and job that is under way.
 */

export type Turns = ReturnType<typeof createTurns>;

export function createTurns() {
  const waiting: (() => void)[] = [];

  function next(): void {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(next);
  }

  return {
    /** Resolves when it is the caller's turn, which lasts until the caller next awaits anything. */
    take: async (): Promise<void> => {
      await new Promise<void>((go) => {
        if (waiting.push(go) === 1) setImmediate(next);
      });
    },
  };
}
