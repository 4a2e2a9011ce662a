/** What stands before something that a PIN guards, and where it is set and taken away. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { isPin, isPinOver, PIN_DIGITS_MAX, pinWaitMs } from '../core/pin.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';
import { Recover } from './recover.tsx';
import { useWallet } from './wallet-context.ts';

/** Its content, once the PIN was entered; at once if there is none. */
export function Guarded({ words, children }: { words: Words; children: ComponentChildren }) {
  const { pin } = useWallet();
  return pin.isOpen.value ? children : <PinPad words={words} />;
}

type InputProps = { label: string; value: string; onInput: (digits: string) => void };

function PinInput({ label, value, onInput }: InputProps) {
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
  const { pin, phone, nowMs, refresh } = useWallet();
  const [digits, setDigits] = useState('');
  const [busy, setBusy] = useState(false);
  const [isForgotten, setForgotten] = useState(false);
  const stored = phone.enrolment.value?.pin;
  if (!stored) return null;
  const waitS = Math.ceil(pinWaitMs(stored, nowMs.value) / 1000);
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
      {(isForgotten || isOver) && <Recover words={words} isOpen />}
    </>
  );
}

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
