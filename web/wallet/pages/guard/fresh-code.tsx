/** A code that is shown this once: its rider writes it down, copies or prints it, and says so. */
import { useState } from 'preact/hooks';
import type { FreshCode as Code } from '../../shell/wallet.ts';
import type { Words } from '../../words/shape.ts';
import { failureText } from '../../words/words.ts';
import { Page } from '../page.tsx';
import { useWallet } from '../wallet-context.ts';
import { Guarded } from './pin-pad.tsx';

export function FreshCode({ words, fresh }: { words: Words; fresh: Code }) {
  const wallet = useWallet();
  const [copied, setCopied] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState('');
  const { recovery } = words;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(fresh.code);
      setCopied(true);
    } catch {
      // A browser that lets no page copy: it stands there to be written down.
    }
  };
  const isPhone = fresh.kind === 'phone';
  const close = () => {
    wallet.freshCode.value = null;
  };
  if (fresh.isCovered) return <Covered words={words} fresh={fresh} close={close} />;
  const confirm = async () => {
    setBusy(true);
    setFailure('');
    try {
      await wallet.confirmFreshCode();
    } catch (error) {
      setFailure(failureText(error, words));
      setBusy(false);
    }
  };
  return (
    <Page title={isPhone ? recovery.phoneTitle : recovery.freshTitle}>
      <p>{isPhone ? recovery.phoneText : recovery.freshText}</p>
      <p class="sheet fresh-code" data-fresh-code={fresh.code}>
        {fresh.code}
      </p>
      <p class="small soft">{recovery.account(wallet.phone.enrolment.value?.account ?? '')}</p>
      <div class="row">
        <button type="button" class="quiet wide" onClick={() => void copy()}>
          {copied ? recovery.copied : recovery.copy}
        </button>
        {!isPhone && (
          <button type="button" class="quiet wide" onClick={() => print()}>
            {recovery.print}
          </button>
        )}
      </div>
      <button
        type="button"
        class="wide"
        disabled={busy}
        onClick={() => (isPhone ? close() : void confirm())}
      >
        {isPhone ? words.order.done : recovery.written}
      </button>
      {failure !== '' && (
        <p class="note bad" role="alert">
          {failure} {recovery.unwritten}
        </p>
      )}
      {!isPhone && (
        <button type="button" class="quiet wide" onClick={close}>
          {recovery.later}
        </button>
      )}
    </Page>
  );
}

type CoveredProps = { words: Words; fresh: Code; close: () => void };

/** Behind the PIN, if there is one: who holds the phone now may be somebody else. */
function Covered({ words, fresh, close }: CoveredProps) {
  const { freshCode } = useWallet();
  const { recovery } = words;
  const isPhone = fresh.kind === 'phone';
  const show = () => {
    freshCode.value = { ...fresh, isCovered: false };
  };
  return (
    <Page title={isPhone ? recovery.phoneTitle : recovery.freshTitle}>
      <p class="note" role="note" data-covered>
        {recovery.hidden}
      </p>
      <Guarded words={words}>
        <button type="button" class="wide" onClick={show}>
          {recovery.show}
        </button>
      </Guarded>
      <button type="button" class="quiet wide" onClick={close}>
        {isPhone ? words.order.done : recovery.later}
      </button>
    </Page>
  );
}
