/** The way back to an account: a code brings it here, or blocks a phone that is lost. */
import { readRecoveryCode } from '@stile/protocol/recovery-code.ts';
import { useState } from 'preact/hooks';
import { ApiRefusal } from '../../../parts/api.ts';
import type { Words } from '../../words/shape.ts';
import { failureText } from '../../words/words.ts';
import { keyInAddress } from '../key-in-address.ts';
import { useWallet } from '../wallet-context.ts';

/** `account`: the one that this phone has or had. A code of another one is not taken by mistake. */
type Props = { words: Words; isOpen?: boolean; account?: string | null };

/** Folded away until it is wanted, unless `isOpen`. */
export function Recover({ words, isOpen = false, account = null }: Props) {
  const wallet = useWallet();
  const [shown, setShown] = useState(isOpen);
  const [code, setCode] = useState('');
  const [isOther, setOther] = useState(false);
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
      setOther(error instanceof ApiRefusal && error.code === 'RECOVERY_OTHER_ACCOUNT');
    }
    setBusy(false);
  };
  const take = async (meant: string | null) => {
    await wallet.recover(keyInAddress(), { code, account: meant });
    return null;
  };
  const block = async () => {
    await wallet.settlement.block({ code, account });
    return recover.blocked;
  };
  // Over an account that is still here no other one is put.
  const mayTakeOther = isOther && wallet.phone.enrolment.value === null;
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
          onInput={(event) => {
            setCode(event.currentTarget.value);
            setOther(false);
          }}
        />
      </label>
      <button
        type="button"
        class="wide"
        disabled={busy}
        onClick={() => void run(() => take(account))}
      >
        {busy ? words.enrol.working : recover.here}
      </button>
      <button type="button" class="quiet wide" disabled={busy} onClick={() => void run(block)}>
        {recover.block}
      </button>
      {mayTakeOther && (
        <button
          type="button"
          class="quiet wide"
          disabled={busy}
          onClick={() => void run(() => take(null))}
        >
          {recover.other}
        </button>
      )}
      <div aria-live="polite">
        {notice !== null && <p class={notice.isGood ? 'note good' : 'note bad'}>{notice.text}</p>}
      </div>
    </section>
  );
}
