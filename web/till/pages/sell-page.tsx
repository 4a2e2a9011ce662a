/** Selling: the amount on one side, the customer's code or the outcome on the other. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { CameraView } from '../../parts/camera/camera-view.tsx';
import { QrCode } from '../../parts/codes/qr.tsx';
import { language } from '../../parts/language.ts';
import { moneyText } from '../../parts/money.ts';
import { type Key, keyOf, pressKey } from '../core/amount.ts';
import { readScanned } from '../core/scanned.ts';
import { BURST_GAP_MS_MAX, NO_BURST, pressWedge } from '../core/wedge.ts';
import { cancelOrder, lookAtOrder, makeOrder, merchant, sale, take } from '../shell/till.ts';
import type { Words } from '../words/shape.ts';
import { OutcomeView } from './outcome.tsx';

const PAD: readonly Key[] = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '00', '0', 'back'];
const ORDER_LOOK_MS = 5_000;

type How = 'scan' | 'camera' | 'type';

export function SellPage({ words }: { words: Words }) {
  const [cents, setCents] = useState(0);
  const [how, setHow] = useState<How>('scan');
  const [hint, setHint] = useState('');
  const { value } = sale;
  const isFree = value.kind === 'none';
  const currency = merchant.value?.currency ?? 'EUR';
  const amount = moneyText(cents, currency, language.value);

  const scanned = (text: string) => {
    if (!isFree) return;
    const read = readScanned(text);
    if (read.kind === 'transit') return setHint(words.sell.transit);
    if (read.kind === 'unknown') return setHint(words.sell.notCode);
    if (cents === 0) return setHint(words.sell.amountFirst);
    setHint('');
    void take(read.code, cents);
  };
  const pressed = (key: Key) => {
    setHint('');
    setCents((now) => pressKey(now, key));
  };
  useKeyboard(isFree && how !== 'type', pressed, scanned);
  useEffect(() => {
    if (!isFree) setHow('scan');
  }, [isFree]);

  return (
    <div class="sell">
      <section class="stack" aria-label={words.sell.title}>
        <h1 class="soft small">{words.sell.title}</h1>
        <output class="figure big" data-cents={cents}>
          {isFree ? amount : moneyText(amountOf(), currency, language.value)}
        </output>
        <div class="pad">
          {PAD.map((key) => (
            <button
              key={key}
              type="button"
              class="key"
              disabled={!isFree}
              aria-label={key === 'back' ? words.sell.back : undefined}
              onClick={() => pressed(key)}
            >
              {key === 'back' ? '⌫' : key}
            </button>
          ))}
        </div>
      </section>
      <section class="card stack" aria-live="polite">
        {isFree ? (
          <Ways
            words={words}
            how={how}
            setHow={setHow}
            cents={cents}
            hint={hint}
            setHint={setHint}
            scanned={scanned}
          />
        ) : (
          <Under words={words} next={() => setCents(0)} />
        )}
      </section>
    </div>
  );
}

function amountOf(): number {
  const { value } = sale;
  if (value.kind === 'asking' || value.kind === 'reversed') return value.amountCents;
  if (value.kind === 'decided') return value.payment.amountCents;
  if (value.kind === 'unknown') return value.pending.amountCents;
  return value.kind === 'order' ? value.order.amountCents : 0;
}

/** A person's key is held back for as long as the next key of a scanner could take. */
const HELD_MS = BURST_GAP_MS_MAX + 10;

/** Keys of a person change the amount; keys of a scanner are a code, wherever the focus is. */
function useKeyboard(isOn: boolean, pressed: (key: Key) => void, scanned: (text: string) => void) {
  const now = useRef({ isOn, pressed, scanned });
  now.current = { isOn, pressed, scanned };
  useEffect(() => {
    let burst = NO_BURST;
    let held: ReturnType<typeof setTimeout> | undefined;
    const listen = (event: KeyboardEvent) => {
      if (!now.current.isOn || event.ctrlKey || event.metaKey || event.altKey) return;
      const isFast = event.timeStamp - burst.lastMs <= BURST_GAP_MS_MAX;
      const step = pressWedge(burst, event.key, event.timeStamp);
      ({ burst } = step);
      if (isFast) clearTimeout(held);
      if (step.scan !== null) {
        event.preventDefault();
        now.current.scanned(step.scan);
        return;
      }
      const key = keyOf(event.key);
      if (key === undefined || isFast) return;
      event.preventDefault();
      held = setTimeout(() => now.current.pressed(key), HELD_MS);
    };
    document.addEventListener('keydown', listen, { capture: true });
    return () => {
      clearTimeout(held);
      document.removeEventListener('keydown', listen, { capture: true });
    };
  }, []);
}

type WaysProps = {
  words: Words;
  how: How;
  setHow: (how: How) => void;
  cents: number;
  hint: string;
  setHint: (hint: string) => void;
  scanned: (text: string) => void;
};

function Ways({ words, how, setHow, cents, hint, setHint, scanned }: WaysProps) {
  const [digits, setDigits] = useState('');
  const show = async () => {
    if (cents === 0) return setHint(words.sell.amountFirst);
    await makeOrder(cents).catch((error: Error) => setHint(error.message));
  };
  return (
    <>
      <p>{words.sell.scanHint}</p>
      <div class="ways">
        <button type="button" class="quiet" onClick={() => setHow('camera')}>
          {words.sell.camera}
        </button>
        <button type="button" class="quiet" onClick={() => setHow('type')}>
          {words.sell.type}
        </button>
        <button type="button" class="quiet" onClick={() => void show()}>
          {words.sell.order}
        </button>
      </div>
      {hint !== '' && (
        <p class="note" role="alert">
          {hint}
        </p>
      )}
      {how === 'camera' && (
        <CameraView
          label={words.sell.camera}
          failed={words.sell.cameraFailed}
          formats={['QRCode', 'Code128']}
          onText={scanned}
        />
      )}
      {how === 'type' && (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            scanned(digits);
          }}
        >
          <label>
            {words.sell.digits}
            <input
              class="mono"
              inputMode="numeric"
              autocomplete="off"
              value={digits}
              onInput={(event) => setDigits(event.currentTarget.value)}
            />
          </label>
          <button type="submit">{words.sell.take}</button>
        </form>
      )}
    </>
  );
}

function Under({ words, next }: { words: Words; next: () => void }) {
  const { value } = sale;
  if (value.kind === 'order') return <OrderView words={words} order={value.order} next={next} />;
  return <OutcomeView words={words} next={next} />;
}

type OrderOf = Extract<typeof sale.value, { kind: 'order' }>['order'];

function OrderView({ words, order, next }: { words: Words; order: OrderOf; next: () => void }) {
  useEffect(() => {
    // Told by an event at once; asked as well, because an event can be missed.
    const timer = setInterval(() => void lookAtOrder(order).catch(() => undefined), ORDER_LOOK_MS);
    return () => clearInterval(timer);
  }, [order]);
  return (
    <>
      <div class="sheet order-qr" data-link={order.link}>
        <QrCode text={order.link} label={words.sell.orderLabel} />
      </div>
      <p>{words.sell.orderHint}</p>
      <p class="soft" role="status">
        {words.sell.orderWaiting}
      </p>
      <button
        type="button"
        class="quiet"
        onClick={() => void cancelOrder(order).then(next, () => undefined)}
      >
        {words.sell.cancel}
      </button>
    </>
  );
}
