/** Selling: the amount on one side, the customer's code or the outcome on the other. */
import type { Order } from '@stile/protocol/http/merchant-api.ts';
import { NOTE_CHARS_MAX } from '@stile/protocol/payment.ts';
import { useEffect, useState } from 'preact/hooks';
import { CameraView } from '../../parts/camera/camera-view.tsx';
import { repeat } from '../../parts/clock.ts';
import { QrCode } from '../../parts/codes/qr.tsx';
import { type MoneyStyle, moneyText } from '../../parts/money.ts';
import type { Key } from '../core/amount.ts';
import type { Hint } from '../shell/amount-entry.ts';
import type { Failure } from '../shell/merchant-client.ts';
import type { SaleState } from '../shell/sale.ts';
import type { Words } from '../words/shape.ts';
import { OutcomeView } from './outcome.tsx';
import { failureText, useMoneyStyle, useTill } from './till-context.ts';

const PAD: readonly Key[] = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '00', '0', 'back'];
const ORDER_LOOK_MS = 5_000;

type How = 'scan' | 'camera' | 'type';

export function SellPage({ words }: { words: Words }) {
  const { sale, entry } = useTill();
  const [how, setHow] = useState<How>('scan');
  const { value } = sale.state;
  const isFree = value.kind === 'none';
  const style = useMoneyStyle();
  const cents = entry.cents.value;
  useEffect(() => {
    if (!isFree) setHow('scan');
  }, [isFree]);
  return (
    <div class={isFree ? 'sell' : 'stage'}>
      <section class="stack" aria-label={words.sell.title}>
        <div class="row">
          <h1 class="soft small">{words.sell.title}</h1>
          {isFree && (
            <button type="button" class="tab" onClick={() => entry.clear()}>
              {words.sell.clear}
            </button>
          )}
        </div>
        <output class="figure big" data-cents={cents}>
          {moneyText(isFree ? cents : amountOf(value), style)}
        </output>
        {isFree && <Pad words={words} />}
      </section>
      <section class="card stack" aria-live="polite">
        {isFree ? <Ways words={words} how={how} setHow={setHow} /> : <Under words={words} />}
        <HintNote words={words} />
      </section>
    </div>
  );
}

function Pad({ words }: { words: Words }) {
  const { entry } = useTill();
  return (
    <div class="pad">
      {PAD.map((key) => (
        <button
          key={key}
          type="button"
          class="key"
          aria-label={key === 'back' ? words.sell.back : undefined}
          // The focus stays where it is: no later key presses this one again.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => entry.pressPad(key)}
        >
          {key === 'back' ? '⌫' : key}
        </button>
      ))}
    </div>
  );
}

export function HintNote({ words }: { words: Words }) {
  const { value } = useTill().entry.hint;
  const style = useMoneyStyle();
  if (value === null) return null;
  return (
    <p class="note" role="alert" data-hint={value.kind}>
      {hintText(words, { hint: value, style })}
    </p>
  );
}

function hintText(words: Words, { hint, style }: { hint: Hint; style: MoneyStyle }): string {
  if (hint.kind === 'failed') return failureText(words, hint.failure);
  if (hint.kind !== 'alreadyPaid') return words.sell[hint.kind];
  return words.sell.alreadyPaid(moneyText(hint.amountCents, style));
}

function amountOf(value: SaleState): number {
  if (value.kind === 'reversed') return value.amountCents;
  if (value.kind === 'decided') return value.payment.amountCents;
  if (value.kind === 'waiting' || value.kind === 'unknown') return value.pending.amountCents;
  return value.kind === 'order' ? value.order.amountCents : 0;
}

type WaysProps = { words: Words; how: How; setHow: (how: How) => void };

function Ways({ words, how, setHow }: WaysProps) {
  const { entry, clock, language } = useTill();
  const [digits, setDigits] = useState('');
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
        <button type="button" class="quiet" onClick={() => void entry.showOrder()}>
          {words.sell.order}
        </button>
      </div>
      {how === 'camera' && (
        <CameraView
          label={words.sell.camera}
          instead={words.sell.cameraInstead}
          language={language.current.value}
          formats={['QRCode', 'Code128']}
          clock={clock}
          onText={(text) => entry.read(text)}
        />
      )}
      {how === 'type' && (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            entry.read(digits);
          }}
        >
          <label>
            {words.sell.digits}
            <input
              class="mono"
              data-scans
              inputMode="numeric"
              autocomplete="off"
              value={digits}
              onInput={(event) => setDigits(event.currentTarget.value)}
            />
          </label>
          <button type="submit">{words.sell.take}</button>
        </form>
      )}
      <label>
        {words.sell.note}
        <input
          maxLength={NOTE_CHARS_MAX}
          autocomplete="off"
          value={entry.note.value}
          onInput={(event) => {
            entry.note.value = event.currentTarget.value;
          }}
        />
      </label>
    </>
  );
}

function Under({ words }: { words: Words }) {
  const { value } = useTill().sale.state;
  if (value.kind === 'order') return <OrderView words={words} {...value} />;
  return <OutcomeView words={words} />;
}

type OrderProps = { words: Words; order: Order; failure: Failure | null };

function OrderView({ words, order, failure }: OrderProps) {
  const { sale, entry, clock } = useTill();
  useEffect(() => {
    // An event says it at once; it is looked up as well, because an event can be missed.
    const fire = () => void sale.lookAtOrder(order).catch(() => undefined);
    return repeat(clock, { everyMs: ORDER_LOOK_MS, fire });
  }, [order.order]);
  const cancel = async () => {
    await sale.cancelOrder(order);
    if (sale.state.value.kind !== 'order') entry.clear();
  };
  return (
    <div class="order">
      <div class="sheet order-qr" data-link={order.link}>
        <QrCode text={order.link} label={words.sell.orderLabel} />
      </div>
      <div class="stack">
        <p>{words.sell.orderHint}</p>
        {order.note !== null && <p>{order.note}</p>}
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
      </div>
    </div>
  );
}
