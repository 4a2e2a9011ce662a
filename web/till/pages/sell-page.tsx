/** Selling: the amount on one side, the customer's code or the outcome on the other. */
import type { Order } from '@stile/protocol/http/merchant-api.ts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { CameraView } from '../../parts/camera/camera-view.tsx';
import { alarmIn, type Clock, repeat } from '../../parts/clock.ts';
import { QrCode } from '../../parts/codes/qr.tsx';
import { moneyText } from '../../parts/money.ts';
import { type Key, keyOf, pressKey } from '../core/amount.ts';
import { readScanned } from '../core/scanned.ts';
import { BURST_GAP_MS_MAX, NO_BURST, pressWedge } from '../core/wedge.ts';
import { type Failure, failureOf } from '../shell/merchant-client.ts';
import type { SaleState } from '../shell/sale.ts';
import type { Words } from '../words/shape.ts';
import { OutcomeView } from './outcome.tsx';
import { failureText, useMoneyStyle, useTill } from './till-context.ts';

const PAD: readonly Key[] = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '00', '0', 'back'];
const ORDER_LOOK_MS = 5_000;

type How = 'scan' | 'camera' | 'type';

export function SellPage({ words }: { words: Words }) {
  const { sale, clock } = useTill();
  const [cents, setCents] = useState(0);
  const [how, setHow] = useState<How>('scan');
  const [hint, setHint] = useState('');
  const { value } = sale.state;
  const isFree = value.kind === 'none';
  const style = useMoneyStyle();
  const amount = moneyText(cents, style);

  const onText = (text: string) => {
    if (!isFree) return;
    const read = readScanned(text);
    if (read.kind === 'misread') return setHint(words.sell.misread);
    if (read.kind === 'transit') return setHint(words.sell.transit);
    if (read.kind === 'unknown') return setHint(words.sell.notCode);
    if (cents === 0) return setHint(words.sell.amountFirst);
    setHint('');
    void sale.take(read.code, cents);
  };
  const onKey = (key: Key) => {
    setHint('');
    setCents((now) => pressKey(now, key));
  };
  useKeyboard({ isOn: isFree && how !== 'type', clock, onKey, onText });
  useEffect(() => {
    if (!isFree) setHow('scan');
  }, [isFree]);

  return (
    <div class="sell">
      <section class="stack" aria-label={words.sell.title}>
        <h1 class="soft small">{words.sell.title}</h1>
        <output class="figure big" data-cents={cents}>
          {isFree ? amount : moneyText(amountOf(value), style)}
        </output>
        <div class="pad">
          {PAD.map((key) => (
            <button
              key={key}
              type="button"
              class="key"
              disabled={!isFree}
              aria-label={key === 'back' ? words.sell.back : undefined}
              onClick={() => onKey(key)}
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
            onText={onText}
          />
        ) : (
          <Under words={words} next={() => setCents(0)} />
        )}
      </section>
    </div>
  );
}

function amountOf(value: SaleState): number {
  if (value.kind === 'reversed') return value.amountCents;
  if (value.kind === 'decided') return value.payment.amountCents;
  if (value.kind === 'waiting' || value.kind === 'unknown') return value.pending.amountCents;
  return value.kind === 'order' ? value.order.amountCents : 0;
}

/** A person's key is held back for as long as the next key of a scanner could take. */
const KEY_DELAY_MS = BURST_GAP_MS_MAX + 10;

type Keyboard = {
  isOn: boolean;
  clock: Clock;
  onKey: (key: Key) => void;
  onText: (text: string) => void;
};

/** Keys of a person change the amount; keys of a scanner are a code, wherever the focus is. */
function useKeyboard(keyboard: Keyboard) {
  const latest = useRef(keyboard);
  latest.current = keyboard;
  useEffect(() => {
    let burst = NO_BURST;
    let cancelKey: (() => void) | undefined;
    const listen = (event: KeyboardEvent) => {
      if (!latest.current.isOn || event.ctrlKey || event.metaKey || event.altKey) return;
      const isFast = event.timeStamp - burst.lastMs <= BURST_GAP_MS_MAX;
      const step = pressWedge(burst, { key: event.key, atMs: event.timeStamp });
      ({ burst } = step);
      if (isFast) cancelKey?.();
      if (step.scan !== null) {
        event.preventDefault();
        latest.current.onText(step.scan);
        return;
      }
      const key = keyOf(event.key);
      if (key === undefined || isFast) return;
      event.preventDefault();
      const fire = () => latest.current.onKey(key);
      cancelKey = alarmIn(latest.current.clock, { ms: KEY_DELAY_MS, fire });
    };
    document.addEventListener('keydown', listen, { capture: true });
    return () => {
      cancelKey?.();
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
  onText: (text: string) => void;
};

function Ways({ words, how, setHow, cents, hint, setHint, onText }: WaysProps) {
  const { sale, clock } = useTill();
  const [digits, setDigits] = useState('');
  const show = async () => {
    if (cents === 0) return setHint(words.sell.amountFirst);
    await sale.makeOrder(cents).catch((error) => setHint(failureText(words, failureOf(error))));
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
          clock={clock}
          onText={onText}
        />
      )}
      {how === 'type' && (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            onText(digits);
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
  const { value } = useTill().sale.state;
  if (value.kind === 'order') return <OrderView words={words} {...value} next={next} />;
  return <OutcomeView words={words} next={next} />;
}

type OrderProps = { words: Words; order: Order; failure: Failure | null; next: () => void };

function OrderView({ words, order, failure, next }: OrderProps) {
  const { sale, clock } = useTill();
  useEffect(() => {
    // An event says it at once; it is looked up as well, because an event can be missed.
    const fire = () => void sale.lookAtOrder(order).catch(() => undefined);
    return repeat(clock, { everyMs: ORDER_LOOK_MS, fire });
  }, [order.order]);
  const cancel = async () => {
    await sale.cancelOrder(order);
    if (sale.state.value.kind !== 'order') next();
  };
  return (
    <>
      <div class="sheet order-qr" data-link={order.link}>
        <QrCode text={order.link} label={words.sell.orderLabel} />
      </div>
      <p>{words.sell.orderHint}</p>
      <p class="soft" role="status">
        {words.sell.orderWaiting}
      </p>
      {failure !== null && (
        <p class="note bad" role="alert">
          {words.sell.notCancelled} {failureText(words, failure)}
        </p>
      )}
      <button type="button" class="quiet" onClick={() => void cancel()}>
        {words.sell.cancel}
      </button>
    </>
  );
}
