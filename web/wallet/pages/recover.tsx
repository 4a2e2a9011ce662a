/** The way back to an account: a code brings it here, or blocks a phone that is lost. */
import { readRecoveryCode } from '@stile/protocol/recovery-code.ts';
import { useState } from 'preact/hooks';
import { ApiRefusal } from '../../parts/api.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';
import { keyInAddress } from './key-in-address.ts';
import { useWallet } from './wallet-context.ts';

/** Folded away until it is wanted, unless `isOpen`. */
export function Recover({ words, isOpen = false }: { words: Words; isOpen?: boolean }) {
  const wallet = useWallet();
  const [shown, setShown] = useState(isOpen);
  const [code, setCode] = useState('');
  const [busy, setBusy] = useState(false);
  const [notice, setNotice] = useState<{ text: string; isGood: boolean } | null>(null);
  const { recover } = words;
  if (!shown) {
    return (
      <button type="button" class="quiet wide" onClick={() => setShown(true)}>
        {recover.open}
      </button>
    );
  }
  const run = async (work: () => Promise<string | null>) => {
    if (readRecoveryCode(code) === undefined) {
      setNotice({ text: recover.misread, isGood: false });
      return;
    }
    setBusy(true);
    setNotice(null);
    try {
      const text = await work();
      if (text !== null) setNotice({ text, isGood: true });
    } catch (error) {
      const text = error instanceof ApiRefusal ? failureText(error, words) : recover.offline;
      setNotice({ text, isGood: false });
    }
    setBusy(false);
  };
  const take = async () => {
    await wallet.recover(keyInAddress(), code);
    return null;
  };
  const block = async () => {
    await wallet.settlement.block(code);
    return recover.blocked;
  };
  return (
    <section class="card stack">
      <h2>{recover.title}</h2>
      <p class="small soft">{recover.text}</p>
      <label>
        {recover.code}
        <input
          value={code}
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          onInput={(event) => setCode(event.currentTarget.value)}
        />
      </label>
      <button type="button" class="wide" disabled={busy} onClick={() => void run(take)}>
        {busy ? words.enrol.working : recover.here}
      </button>
      <button type="button" class="quiet wide" disabled={busy} onClick={() => void run(block)}>
        {recover.block}
      </button>
      <div aria-live="polite">
        {notice !== null && <p class={notice.isGood ? 'note good' : 'note bad'}>{notice.text}</p>}
      </div>
    </section>
  );
}
