/** A statement that is read page by page while rows arrive: which rows are shown, and where the next page begins. */
import type { Statement, StatementItem } from '@stile/protocol/http/rider-api.ts';

/** The page behind what is held. A row that has moved there meanwhile stands there once. */
export function addPage(held: Statement, page: Statement): Statement {
  return { items: unite(page.items, held.items), next: page.next };
}

/** The newest page, read anew: what it has pushed off its end stays, and rows that it does not reach. */
export function renew(held: Statement, latest: Statement): Statement {
  const known = new Set(held.items.map(({ id }) => id));
  // Between two that have nothing in common there may be rows that nobody has read.
  const isJoined = latest.items.some(({ id }) => known.has(id));
  if (latest.next === null || !isJoined) return latest;
  const items = unite(latest.items, held.items);
  return { items, next: items.length === latest.items.length ? latest.next : held.next };
}

/** Each row once, as `newer` has it, in settlement's order: the latest first. */
function unite(newer: StatementItem[], older: StatementItem[]): StatementItem[] {
  const known = new Set(newer.map(({ id }) => id));
  return [...newer, ...older.filter(({ id }) => !known.has(id))].toSorted(inOrder);
}

function inOrder(a: StatementItem, b: StatementItem): number {
  return timeOf(b) - timeOf(a) || (a.id < b.id ? -1 : 1);
}

function timeOf({ riddenAtMs, chargedAtMs }: StatementItem): number {
  return riddenAtMs ?? chargedAtMs;
}
