/** What the pages' stores in IndexedDB have in common. */

/** On the disk before the transaction is done: without it (and in `localStorage`) a killed browser forgets a minute. */
export const STRICT = { durability: 'strict' } as const;

/** Closed, or ended while the transaction was on its way: somebody deletes or upgrades the database. */
const CLOSED = new Set(['InvalidStateError', 'AbortError']);

export function isClosedDatabase(error: unknown): boolean {
  return error instanceof DOMException && CLOSED.has(error.name);
}
