/** Paying money in, from wherever it is missed; an amount without an answer is never paid in twice. */
import { toHex } from '@stile/protocol/bytes.ts';
import { useRef, useState } from 'preact/hooks';
import { ApiRefusal } from '../../parts/api.ts';
import { look } from '../shell/refresh.ts';
import { withSession } from '../shell/session.ts';
import { topUp } from '../shell/settlement-client.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';

const KEY_BYTES = 16;

/** `said` tells how the last one ended; `pay` answers whether it was paid in. */
export function useTopUp(words: Words, cents: (amount: number) => string) {
  const [said, setSaid] = useState<{ text: string; isGood: boolean } | null>(null);
  const [busy, setBusy] = useState(false);
  /** An amount without an answer keeps its key, so that pressing it again pays in once. */
  const unsure = useRef(new Map<number, string>());
  const pay = async (amountCents: number): Promise<boolean> => {
    setBusy(true);
    setSaid(null);
    const key = unsure.current.get(amountCents) ?? drawKey();
    unsure.current.set(amountCents, key);
    try {
      await withSession((token) => topUp(token, amountCents, key));
      unsure.current.delete(amountCents);
      setSaid({ text: words.money.topUpDone(cents(amountCents)), isGood: true });
      // What the account is worth now; if that gets lost, the next errand brings it.
      await look().catch(() => undefined);
      return true;
    } catch (error) {
      if (error instanceof ApiRefusal) unsure.current.delete(amountCents);
      const isUnsure = unsure.current.has(amountCents);
      const text = isUnsure ? words.money.topUpUnsure : failureText(error, words);
      setSaid({ text, isGood: false });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { pay, busy, said };
}

/** Not `randomUUID`, which pages on plain http lack. */
function drawKey(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
}
