/** Plays a history on a store and watches it: the books stay whole after every deed, and a refusal changes nothing. */
import { expect } from 'vitest';
import type { Store } from '../../store/port.ts';
import { accountOf, ISSUER } from '../log.ts';
import { type Deed, RIDERS } from './deeds.ts';
import { readEnds, textOf } from './ends.ts';
import { World } from './world.ts';

export type Played = {
  /** What was answered, deed by deed. */
  answers: readonly string[];
  /** Which deeds were refused. */
  refused: ReadonlySet<number>;
  ends: string;
};

const REFUSALS = new Set(['conflict', 'tooMuch', 'unknown', 'refused']);

export type Playing = {
  /** Deeds that are known to be refused, of which each is seen to change nothing. */
  refused?: ReadonlySet<number>;
  /** Before the deed of this index. */
  before?: (index: number, world: World) => Promise<void>;
};

export async function playHistory(
  store: Store,
  deeds: readonly Deed[],
  { refused, before: beforeDeed = async () => undefined }: Playing = {},
): Promise<Played> {
  const world = await World.open(store);
  const answers: string[] = [];
  const found = new Set<number>();
  for (const [index, deed] of deeds.entries()) {
    await beforeDeed(index, world);
    const isWatched = refused?.has(index) ?? false;
    const before = isWatched ? await readEnds(store, world.nowMs) : '';
    const answer = await world.do(deed);
    answers.push(`${index} ${deed.kind} ${textOf(answer)}`);
    await expectWholeBooks(store);
    if (!isRefusal(deed, answer)) continue;
    found.add(index);
    if (isWatched) expect(await readEnds(store, world.nowMs)).toBe(before);
  }
  await world.finish();
  await expectWholeBooks(store);
  return { answers, refused: found, ends: await readEnds(store, world.nowMs) };
}

function isRefusal({ kind }: Deed, answer: unknown): boolean {
  // Of publishing it says that there is no more to do.
  if (answer === false) return kind !== 'publish';
  if (answer === null || typeof answer !== 'object' || !('kind' in answer)) return false;
  return REFUSALS.has(String(answer.kind));
}

/** After whatever has happened. */
async function expectWholeBooks(store: Store): Promise<void> {
  const { rows, debitsCents, creditsCents } = await store.readTrialBalance();
  expect(debitsCents).toBe(creditsCents);
  let riderCents = 0;
  for (const letter of RIDERS) {
    const rider = await store.readRider(ISSUER, accountOf(letter));
    if (rider === undefined) continue;
    const { balanceCents, debtCents, denied } = rider;
    expect(Math.min(balanceCents, debtCents)).toBe(0);
    expect(denied.some(({ cause }) => cause === 'DEBT')).toBe(debtCents > 0);
    riderCents += balanceCents - debtCents;
  }
  let heldCents = 0;
  for (const { account, debitsCents: debits, creditsCents: credits } of rows) {
    const isRiders = account === 'wallet:*' || account === 'receivable:*';
    if (isRiders) heldCents += credits - debits;
  }
  expect(riderCents).toBe(heldCents);
}
