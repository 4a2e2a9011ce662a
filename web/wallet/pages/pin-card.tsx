/** Where the PIN is set, changed and taken away. */
import { useState } from 'preact/hooks';
import { isPin } from '../core/pin.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';
import { PinInput } from './pin-pad.tsx';
import { useWallet } from './wallet-context.ts';

export function PinCard({ words }: { words: Words }) {
  const { pin, phone, refresh } = useWallet();
  const [digits, setDigits] = useState('');
  const [again, setAgain] = useState('');
  const [notice, setNotice] = useState('');
  const stored = phone.enrolment.value?.pin ?? null;
  const isOnline = refresh.isOnline.value;
  const run = async (work: () => Promise<void>) => {
    setNotice('');
    try {
      await work();
      setDigits('');
      setAgain('');
    } catch (error) {
      setNotice(failureText(error, words));
    }
  };
  // Pages on plain http have nothing to seal with.
  if (globalThis.crypto?.subtle === undefined) return null;
  const isMeant = isPin(digits) && digits === again;
  return (
    <section class="card stack">
      <h2>{words.pin.title}</h2>
      <p class="small soft">{words.pin.text}</p>
      <PinInput label={words.pin.digits} value={digits} onInput={setDigits} />
      <PinInput label={words.pin.again} value={again} onInput={setAgain} />
      <button
        type="button"
        class="quiet"
        disabled={!isOnline || !isMeant}
        onClick={() => void run(() => pin.set(digits))}
      >
        {stored === null ? words.pin.set : words.pin.change}
      </button>
      {stored !== null && (
        <>
          <label class="check">
            <input
              type="checkbox"
              checked={stored.beforeRide}
              onChange={(event) => void pin.setBeforeRide(event.currentTarget.checked)}
            />
            {words.pin.beforeRide}
          </label>
          <button
            type="button"
            class="quiet"
            disabled={!isOnline}
            onClick={() => void run(() => pin.remove())}
          >
            {words.pin.remove}
          </button>
        </>
      )}
      {notice !== '' && (
        <p class="note bad" role="alert">
          {notice}
        </p>
      )}
    </section>
  );
}
