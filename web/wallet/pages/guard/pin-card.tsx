/** Where the PIN is set, changed and taken away; the last two by who knows it, not by who finds it open. */
import { useState } from 'preact/hooks';
import { isPin } from '../../core/pin.ts';
import type { PinResult } from '../../shell/pin-lock.ts';
import type { Words } from '../../words/shape.ts';
import { failureText } from '../../words/words.ts';
import { useWallet } from '../wallet-context.ts';
import { PinInput } from './pin-pad.tsx';

type Work = () => Promise<PinResult | undefined>;

export function PinCard({ words }: { words: Words }) {
  const { pin, phone, refresh } = useWallet();
  const [before, setBefore] = useState('');
  const [digits, setDigits] = useState('');
  const [again, setAgain] = useState('');
  const [notice, setNotice] = useState('');
  const stored = phone.enrolment.value?.pin ?? null;
  const isOnline = refresh.isOnline.value;
  const run = async (work: Work) => {
    setNotice('');
    try {
      const result = await work();
      setBefore('');
      setNotice(resultText(result, { words, waitMs: pin.waitMs }));
      if (result !== undefined && result.kind !== 'open') return;
      setDigits('');
      setAgain('');
    } catch (error) {
      setNotice(failureText(error, words));
    }
  };
  // Pages on plain http have nothing to seal with.
  if (globalThis.crypto?.subtle === undefined) return null;
  const isMeant = isPin(digits) && digits === again;
  const knows = stored === null || isPin(before);
  const set: Work = async () => {
    if (stored !== null) return await pin.change(before, digits);
    await pin.set(digits);
    return undefined;
  };
  return (
    <section class="card stack">
      <h2>{words.pin.title}</h2>
      <p class="small soft">{words.pin.text}</p>
      {stored !== null && <PinInput label={words.pin.before} value={before} onInput={setBefore} />}
      <PinInput label={words.pin.digits} value={digits} onInput={setDigits} />
      <PinInput label={words.pin.again} value={again} onInput={setAgain} />
      <button
        type="button"
        class="quiet"
        disabled={!isOnline || !isMeant || !knows}
        onClick={() => void run(set)}
      >
        {stored === null ? words.pin.set : words.pin.change}
      </button>
      {stored !== null && (
        <>
          <label class="check">
            <input
              type="checkbox"
              checked={stored.beforeRide}
              disabled={stored.beforeRide && !knows}
              onChange={(event) => {
                const box = event.currentTarget;
                void run(async () => {
                  if (box.checked) return void (await pin.askBeforeRide());
                  const result = await pin.skipBeforeRide(before);
                  // By a wrong PIN nothing changes.
                  if (result.kind !== 'open') box.checked = true;
                  return result;
                });
              }}
            />
            {words.pin.beforeRide}
          </label>
          <button
            type="button"
            class="quiet"
            disabled={!isOnline || !knows}
            onClick={() => void run(() => pin.remove(before))}
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

function resultText(
  result: PinResult | undefined,
  { words, waitMs }: { words: Words; waitMs: number },
): string {
  if (result?.kind === 'wrong') return words.pin.wrong;
  if (result?.kind === 'wait') return words.pin.wait(words.duration(Math.ceil(waitMs / 1000)));
  return '';
}
