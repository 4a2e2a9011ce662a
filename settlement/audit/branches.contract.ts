/** The audit of an adopted branch that takes back a ride before it: good books pass, and a void without its ride is found. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KindOfBooks } from '../testing/books.ts';
import { type ScriptedTown, START_MS } from '../testing/town.ts';

export function describeBranchAudit(name: string, kind: KindOfBooks): void {
  describe(name, () => {
    let town: ScriptedTown;
    beforeAll(async () => {
      town = await kind.openTown();
      await town.setFare('M1', 250);
      const gate = await town.addGate('g1', 'M1');
      const ada = await town.addRider();
      const at = { atMs: START_MS };
      for (let ride = 0; ride < 2; ride += 1) gate.tap(ada.code(START_MS), at);
      const other = gate.fork();
      gate.note(START_MS);
      other.voidOf(2, START_MS);
      other.tap(ada.code(START_MS), at);
      await town.send(gate);
      await town.send(other, { fromSeq: 3 });
      await town.settled();
      for (const seq of [3, 4]) {
        const body = { gate: 'g1', epoch: gate.epoch, seq, how: 'ADOPT', note: 'seen' };
        await town.operate('POST', 'parked/resolutions', { body });
      }
      await town.settled();
      await town.stop();
    });
    afterAll(async () => {
      await town.close();
    });

    test('a ride that was taken back behind a fork is not charged, and every check passes', async () => {
      const checks = await (await kind.booksOf(town)).audit({ signatures: true });
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      const ends = checks.find(({ name }) => name.startsWith('every opened tap'));
      expect(ends?.detail).toBe('2 CHARGED, 1 VOIDED');
    });

    test.each([
      [
        'what is stored of a record is what its bytes say',
        `UPDATE record SET use = NULL WHERE kind = 'void'`,
      ],
      [
        'every fare is what settling again would charge',
        `UPDATE record SET of_seq = 1 WHERE kind = 'void'`,
      ],
    ])('%s: found when it is not so', async (name, statement) => {
      const copy = await (await kind.booksOf(town)).copy();
      await copy.tamper(statement);
      const checks = await copy.audit({ signatures: false });
      expect(checks.find((check) => check.name === name)?.ok).toBe(false);
    });
  });
}
