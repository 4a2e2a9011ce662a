/** The audit of adopted branches that take back rides before them: good books pass, and a void without its ride is found. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { KindOfBooks } from '../testing/books.ts';
import { drain } from '../testing/log.ts';
import { type ScriptedTown, START_MS } from '../testing/town.ts';

type Upgrade = { statements: readonly string[] };

/** @param of `upgrade`: what has adopted voids and answers without a use judged again. */
export function describeBranchAudit(
  name: string,
  of: { kind: KindOfBooks; upgrade: Upgrade },
): void {
  describe(name, () => {
    describe('that were adopted', () => describeAdopted(of.kind));
    describe('that an earlier version adopted', () => describeOldVoids(of));
  });
}

async function adopt(town: ScriptedTown, seqs: { epoch: string; from: number; to: number }) {
  for (let seq = seqs.from; seq <= seqs.to; seq += 1) {
    const body = { gate: 'g1', epoch: seqs.epoch, seq, how: 'ADOPT', note: 'seen' };
    await town.operate('POST', 'parked/resolutions', { body });
  }
  await town.settled();
}

function describeAdopted(kind: KindOfBooks): void {
  let town: ScriptedTown;
  beforeAll(async () => {
    town = await kind.openTown();
    await town.setFare('M1', 250);
    const gate = await town.addGate('g1', 'M1');
    const ada = await town.addRider();
    const at = { atMs: START_MS };
    for (let ride = 0; ride < 2; ride += 1) gate.tap(ada.code(START_MS), at);
    const ask = gate.ask('a5'.repeat(16), START_MS);
    const other = gate.fork();
    gate.note(START_MS);
    const from = other.voidOf(2, START_MS);
    const last = other.tap(ada.code(START_MS), at);
    const third = other.fork();
    other.note(START_MS);
    third.voidOf(1, START_MS);
    third.answer(ask, { ...at, reason: 'NO_ANSWER' });
    await town.send(gate);
    await town.send(other, { fromSeq: from });
    await town.settled();
    await adopt(town, { epoch: gate.epoch, from, to: last + 1 });
    await town.send(third, { fromSeq: last + 1 });
    await adopt(town, { epoch: gate.epoch, from: last + 1, to: last + 2 });
    await town.stop();
  });
  afterAll(async () => {
    await town.close();
  });

  test('rides that were taken back behind forks are not charged, and every check passes', async () => {
    const checks = await (await kind.booksOf(town)).audit({ signatures: true });
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    const ends = checks.find(({ name }) => name.startsWith('every opened tap'));
    expect(ends?.detail).toBe('2 VOIDED, 1 CHARGED');
  });

  test.each([
    ['what is stored of a record is what its bytes say', `use = NULL WHERE kind = 'void'`],
    ['what is stored of a record is what its bytes say', `use = NULL WHERE of_seq = 1`],
    ['every fare is what settling again would charge', `of_seq = 1 WHERE kind = 'void'`],
  ])('%s: found when it is not so: %s', async (name, change) => {
    const copy = await (await kind.booksOf(town)).copy();
    await copy.tamper(`UPDATE record SET ${change}`);
    const checks = await copy.audit({ signatures: false });
    expect(checks.find((check) => check.name === name)?.ok).toBe(false);
  });

  test('what a branch says was refused has to be given back', async () => {
    const copy = await (await kind.booksOf(town)).copy();
    await copy.tamper('DELETE FROM payment');
    const checks = await copy.audit({ signatures: false });
    const name = 'what a gate did not open for was given back';
    expect(checks.find((check) => check.name === name)?.ok).toBe(false);
  });
}

function describeOldVoids({ kind, upgrade }: { kind: KindOfBooks; upgrade: Upgrade }): void {
  let town: ScriptedTown;
  afterEach(async () => {
    await town.close();
  });

  test('take their rides back when the books are opened, and the audit is clean', async () => {
    town = await kind.openTown();
    await town.setFare('M1', 250);
    const gate = await town.addGate('g1', 'M1');
    const ada = await town.addRider();
    await ada.topUp(1000);
    gate.tap(ada.code(START_MS), { atMs: START_MS });
    const first = gate.fork();
    gate.note(START_MS);
    first.note(START_MS);
    const second = first.fork();
    first.note(START_MS);
    second.voidOf(1, START_MS);
    // Its ride is not here yet, so it gets no use, as none got one that went so far back.
    await town.send(first, { fromSeq: 2 });
    await adopt(town, { epoch: gate.epoch, from: 2, to: 3 });
    await town.send(second, { fromSeq: 3 });
    await adopt(town, { epoch: gate.epoch, from: 3, to: 3 });
    await town.send(gate);
    await town.settled();
    await town.stop();
    const old = await (await kind.booksOf(town)).copy();
    await old.run('DELETE FROM unjudged');
    const endsOf = async () =>
      await old.read(`SELECT outcome FROM record WHERE kind = 'tap' ORDER BY id`);
    expect(await endsOf()).toEqual([{ outcome: 'CHARGED' }]);
    const wrongIn = async () =>
      (await old.audit({ signatures: true })).filter(({ ok }) => !ok).map(({ name }) => name);
    expect(await wrongIn()).toEqual(['what is stored of a record is what its bytes say']);

    for (const statement of upgrade.statements) await old.run(statement);
    const store = await old.openStore();
    await drain(store);
    await store.close();
    expect(await endsOf()).toEqual([{ outcome: 'VOIDED' }]);
    expect(await wrongIn()).toEqual([]);
  });
}
