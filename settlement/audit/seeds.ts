/** The checks of payment codes: what a handle has paid, and that no code has paid twice. */
import { type Check, checkOf } from './check.ts';
import type { SeedRow } from './port.ts';

/**
 * A handle's sum is that of the paid payments by it, all of its own account. A handle that was removed
 * may be drawn again: only payments since it was made are its own. It holds a small row a handle.
 */
export function checkHandles(): Check {
  type Handle = SeedRow & { sumCents: number; isForeign: boolean };
  const handles = new Map<string, Handle>();
  return {
    seed: (row) => {
      handles.set(row.handle, { ...row, sumCents: 0, isForeign: false });
    },
    payment: ({ handle, outcome, account, amountCents, atMs }) => {
      const known = handle === null ? undefined : handles.get(handle);
      if (known === undefined || outcome !== 'PAID' || atMs < known.createdAtMs) return;
      known.sumCents += amountCents;
      if (account !== null && account !== known.account) known.isForeign = true;
    },
    results: () => {
      const wrong = [...handles.values()].filter(
        ({ sumCents, paidCents, isForeign }) => sumCents !== paidCents || isForeign,
      );
      const names = wrong.map(({ account, serial }) => `handle of ${account}/${serial}`);
      const name = 'every handle has paid what its payments say';
      return [checkOf(name, { wrong: names, good: 'all' })];
    },
  };
}

/** No time step of a handle is there twice. */
export function checkSpent(): Check {
  const wrong: string[] = [];
  let before: { handle: string; timeStep: number } | null = null;
  let isNamed = false;
  return {
    spentTimeStep: (row) => {
      const isSame = before?.handle === row.handle && before.timeStep === row.timeStep;
      if (isSame && !isNamed) wrong.push(`step ${row.timeStep}`);
      isNamed = isSame;
      before = row;
    },
    results: () => [checkOf('no step of a handle is spent twice', { wrong, good: 'none' })],
  };
}
