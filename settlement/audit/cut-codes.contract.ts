/** The audit of books whose recovery codes and approvals of moves were cut: good ones pass, and what went without a word is found. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CUT_KINDS } from '../core/retention/cut-changes.ts';
import type { Books, KindOfBooks } from '../testing/books.ts';
import { START_MS } from '../testing/town.ts';

const CUTS = 'no more is gone than what was cut';
const DAY_MS = 86_400_000;

export function describeCutCodes(kind: KindOfBooks): void {
  let books: Books;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    const town = await kind.openTown();
    remove = () => town.close();
    await town.setFare('M1', 250);
    const gate = await town.addGate('g1', 'M1');
    const rider = await town.addRider();
    await rider.topUp(1_000);
    const paper = await rider.drawCode();
    await rider.confirmCode(paper);
    await rider.confirmCode(await rider.drawCode());
    // A phone that joins, rides and is left behind: its code was used, and others were replaced.
    const { rider: second } = await town.recover(await rider.drawCode('phone-code'));
    gate.tap(second.code(START_MS), { atMs: START_MS });
    await town.send(gate);
    await town.recover(paper);
    await town.settled();
    await town.stop();
    books = await kind.booksOf(town);
    const store = await books.openStore();
    const { account } = rider;
    for (const [at, by] of ['Vera', 'Otto', 'Vera'].entries()) {
      const of = { account, note: 'lost', by, fourEyes: true, codeHash: 'x', quickHash: null };
      await store.moveAccount({ ...of, nowMs: START_MS + 2 * at * DAY_MS });
    }
    await store.close();
  });
  afterAll(async () => {
    await remove();
  });

  /** A copy from which all that is old went. */
  async function cutBooks(): Promise<Books> {
    const copy = await books.copy();
    const store = await copy.openStore();
    const days = { refusedPaymentDays: 2, denyHistoryDays: 2, recoveryDays: 2 };
    const terms = { retention: { trustLists: 1, ...days }, nowMs: START_MS + 90 * DAY_MS };
    for (const cut of CUT_KINDS) while (await store.cutOnce(cut, terms));
    await store.close();
    return copy;
  }
  const failedOf = async (of: Books) =>
    (await of.audit({ signatures: true })).filter(({ ok }) => !ok).map(({ name }) => name);

  test('every check passes before and behind it, and says how many went', async () => {
    expect(await failedOf(books)).toEqual([]);
    const copy = await cutBooks();
    expect(await failedOf(copy)).toEqual([]);
    const found = (await copy.audit()).find(({ name }) => name === CUTS);
    expect(found?.detail).toMatch(/recoveryCode 2/);
    expect(found?.detail).toMatch(/approval 2/);
    const [left] = await copy.read<{ codes: number }>(
      'SELECT count(*) AS codes FROM recovery_code',
    );
    expect(Number(left?.codes)).toBeGreaterThan(0);
  });

  test.each([
    ['more was cut than is noted', `UPDATE cut SET rows = rows - 1 WHERE kind = 'recoveryCode'`],
    ['an approval went without a word', 'DELETE FROM approval WHERE id = 1'],
    ['less was cut than is noted', `DELETE FROM cut WHERE kind = 'approval'`],
  ])('%s: found', async (name, statements) => {
    const copy = name.startsWith('an approval') ? await books.copy() : await cutBooks();
    await copy.tamper(statements);
    expect(await failedOf(copy)).toEqual([CUTS]);
  });
}
