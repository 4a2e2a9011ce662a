/** What stands before something that a PIN guards. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { isPin, isPinOver, PIN_DIGITS_MAX } from '../../core/pin.ts';
import type { Words } from '../../words/shape.ts';
import { useWallet } from '../wallet-context.ts';
import { Recover } from './recover.tsx';

/** Its content, once the PIN was entered; at once if there is none. */
export function Guarded({ words, children }: { words: Words; children: ComponentChildren }) {
  const { pin } = useWallet();
  return pin.isOpen.value ? children : <PinPad words={words} />;
}

type InputProps = { label: string; value: string; onInput: (digits: string) => void };

export function PinInput({ label, value, onInput }: InputProps) {
  return (
    <label>
      {label}
      <input
        type="password"
        inputMode="numeric"
        autocomplete="off"
        maxLength={PIN_DIGITS_MAX}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}

function PinPad({ words }: { words: Words }) {
  const { pin, phone, refresh } = useWallet();
  const [digits, setDigits] = useState('');
  const [busy, setBusy] = useState(false);
  const [isForgotten, setForgotten] = useState(false);
  const { pin: stored, account } = phone.enrolment.value ?? {};
  if (!stored || account === undefined) return null;
  const waitS = Math.ceil(pin.waitMs / 1000);
  const isOver = isPinOver(stored);
  const enter = async () => {
    setBusy(true);
    const result = await pin.enter(digits);
    setDigits('');
    setBusy(false);
    // A seed that waited for it.
    if (result.kind === 'open') refresh.run();
  };
  const text = isOver
    ? words.pin.over
    : waitS > 0
      ? words.pin.wait(words.duration(waitS))
      : stored.wrong > 0 && !busy
        ? words.pin.wrong
        : '';
  return (
    <>
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void enter();
        }}
      >
        <PinInput label={words.pin.enter} value={digits} onInput={setDigits} />
        <button type="submit" disabled={busy || isOver || waitS > 0 || !isPin(digits)}>
          {words.pin.open}
        </button>
        <div aria-live="polite">{text !== '' && <p class="note bad">{text}</p>}</div>
        {!isForgotten && (
          <button type="button" class="link" onClick={() => setForgotten(true)}>
            {words.pin.forgotten}
          </button>
        )}
      </form>
      {(isForgotten || isOver) && <Recover words={words} account={account} isOpen />}
    </>
  );
}
