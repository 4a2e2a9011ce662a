/** Paying money in, from wherever it is missed; what there is no word of is shown, and asked about, before more is. */
import { useEffect, useState } from 'preact/hooks';
import type { TopUpResult } from '../shell/top-ups.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';
import { useWallet } from './wallet-context.ts';

type Cents = (amount: number) => string;

/** `mode` says whether money can be paid in at all; `pay` returns whether it was paid in. */
export function useTopUp() {
  const { topUps, refresh, phone } = useWallet();
  const mode = phone.view.value?.topUps ?? 'off';
  const [busy, setBusy] = useState(false);
  useEffect(
    () => () => {
      topUps.last.value = null;
    },
    [],
  );
  const pay = async (amountCents: number): Promise<boolean> => {
    setBusy(true);
    topUps.last.value = null;
    try {
      const result = await topUps.pay(amountCents);
      // What the account is worth now; if that gets lost, the next refresh brings it.
      if (result.kind === 'paid') await refresh.readAccount().catch(() => undefined);
      else refresh.run();
      return result.kind === 'paid' && result.amountCents === amountCents;
    } finally {
      setBusy(false);
    }
  };
  return { pay, mode, busy: busy || topUps.open !== null };
}

/** How the last one ended, and what there is no word of, with the way to ask. */
export function TopUpNotice({ words, cents }: { words: Words; cents: Cents }) {
  const { topUps, refresh } = useWallet();
  const [busy, setBusy] = useState(false);
  const { open } = topUps;
  const last = topUps.last.value;
  const ask = async () => {
    setBusy(true);
    await topUps.askAgain();
    setBusy(false);
    refresh.run();
  };
  return (
    <div aria-live="polite" class="stack">
      {last !== null && <Last words={words} last={last} cents={cents} />}
      {open !== null && (
        <div class="note stack" data-open-top-up={open.amountCents}>
          <p>{words.money.topUpOpen(cents(open.amountCents))}</p>
          <button type="button" class="quiet" disabled={busy} onClick={() => void ask()}>
            {words.money.topUpAsk}
          </button>
        </div>
      )}
    </div>
  );
}

function Last({ words, last, cents }: { words: Words; last: TopUpResult; cents: Cents }) {
  if (last.kind === 'unknown') return null;
  return last.kind === 'paid' ? (
    <p class="note good">{words.money.topUpDone(cents(last.amountCents))}</p>
  ) : (
    <p class="note bad">{failureText(last.error, words)}</p>
  );
}
