/** Paying money in, from wherever it is missed; an amount without a response is never paid in twice. */
import { useRef, useState } from 'preact/hooks';
import { ApiRefusal } from '../../parts/api.ts';
import { drawId } from '../../parts/random.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';
import { useWallet } from './wallet-context.ts';

/** `mode` says whether money can be paid in at all, `notice` how the last one ended; `pay` returns whether it was paid in. */
export function useTopUp(words: Words, cents: (amount: number) => string) {
  const { random, session, settlement, refresh, phone } = useWallet();
  const mode = phone.view.value?.topUps ?? 'off';
  const [notice, setNotice] = useState<{ text: string; isGood: boolean } | null>(null);
  const [busy, setBusy] = useState(false);
  /** An amount without a response keeps its key, so that pressing it again pays in once. */
  const unsure = useRef(new Map<number, string>());
  const pay = async (amountCents: number): Promise<boolean> => {
    setBusy(true);
    setNotice(null);
    const idempotencyKey = unsure.current.get(amountCents) ?? drawId(random);
    unsure.current.set(amountCents, idempotencyKey);
    try {
      await session.run((token) => settlement.topUp(token, { amountCents, idempotencyKey }));
      unsure.current.delete(amountCents);
      setNotice({ text: words.money.topUpDone(cents(amountCents)), isGood: true });
      // What the account is worth now; if that gets lost, the next refresh brings it.
      await refresh.readAccount().catch(() => undefined);
      return true;
    } catch (error) {
      const isDecided = error instanceof ApiRefusal && error.code !== 'TOP_UP_UNKNOWN';
      if (isDecided) unsure.current.delete(amountCents);
      const isUnsure = unsure.current.has(amountCents);
      const text = isUnsure ? words.money.topUpUnsure : failureText(error, words);
      setNotice({ text, isGood: false });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { pay, busy, notice, mode };
}
