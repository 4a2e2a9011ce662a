/**
 * A shop's order, opened from its QR: who wants how much, then one press. A response that is lost is
 * asked for again; the order cannot be paid twice.
 */
import type { OrderOffer, RiderPayment } from '@stile/protocol/http/rider-api.ts';
import { useEffect, useState } from 'preact/hooks';
import { ApiRefusal } from '../../parts/api.ts';
import { moneyText } from '../../parts/money.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';
import { Guarded } from './guard/pin-pad.tsx';
import { Page } from './page.tsx';
import { TopUpNotice, useTopUp } from './top-up.tsx';
import { useWallet } from './wallet-context.ts';

type Shown =
  | { kind: 'waiting' }
  | { kind: 'offer'; offer: OrderOffer }
  | { kind: 'decided'; offer: OrderOffer; payment: RiderPayment }
  | { kind: 'unsure'; offer: OrderOffer }
  | { kind: 'failed'; text: string };

export function OrderPage({ words, order }: { words: Words; order: string }) {
  const { phone, session, settlement, refresh } = useWallet();
  const [shown, setShown] = useState<Shown>({ kind: 'waiting' });
  const read = async () => {
    setShown({ kind: 'waiting' });
    try {
      const offer = await session.run((token) => settlement.readOrder(token, { order }));
      setShown({ kind: 'offer', offer });
    } catch (error) {
      const isRefused = error instanceof ApiRefusal;
      const text = isRefused ? failureText(error, words) : words.order.offline;
      setShown({ kind: 'failed', text });
    }
  };
  useEffect(() => void read(), [order]);

  const confirm = async (offer: OrderOffer) => {
    const holder = phone.enrolment.value;
    if (holder === null) return;
    setShown({ kind: 'waiting' });
    try {
      const payment = await session.run((token) =>
        settlement.confirmOrder(token, { holder, offer }),
      );
      setShown({ kind: 'decided', offer, payment });
    } catch (error) {
      if (error instanceof ApiRefusal)
        setShown({ kind: 'failed', text: failureText(error, words) });
      else setShown({ kind: 'unsure', offer });
    }
    // What is in the wallet now; without a network the next refresh finds out.
    refresh.readAccount().catch(() => refresh.run());
  };

  return (
    <Page title={words.order.title}>
      <section class="card stack" aria-live="polite">
        {shown.kind === 'waiting' && <p class="soft">{words.starting}</p>}
        {shown.kind === 'failed' && (
          <>
            <p class="note bad">{shown.text}</p>
            <button type="button" onClick={() => void read()}>
              {words.order.again}
            </button>
          </>
        )}
        {shown.kind === 'offer' && <Offer words={words} offer={shown.offer} confirm={confirm} />}
        {shown.kind === 'decided' && <Outcome words={words} {...shown} again={read} />}
        {shown.kind === 'unsure' && (
          <>
            <p class="note">{words.order.unsure}</p>
            <button type="button" onClick={() => void confirm(shown.offer)}>
              {words.order.again}
            </button>
          </>
        )}
        <a class="button quiet" href="#/money">
          {shown.kind === 'offer' && shown.offer.state === 'OPEN'
            ? words.order.refuse
            : words.order.done}
        </a>
      </section>
    </Page>
  );
}

type OfferProps = {
  words: Words;
  offer: OrderOffer;
  confirm: (offer: OrderOffer) => Promise<void>;
};

function Offer({ words, offer, confirm }: OfferProps) {
  const { phone, language } = useWallet();
  const style = { currency: offer.currency, language: language.current.value };
  const amount = moneyText(offer.amountCents, style);
  const balanceCents = phone.view.value?.rider.balanceCents ?? 0;
  return (
    <>
      <div>
        <p class="soft">{words.order.to(offer.merchantName)}</p>
        <p class="figure">{amount}</p>
      </div>
      {offer.note !== null && <p>{offer.note}</p>}
      {offer.state === 'OPEN' ? (
        <>
          <p class="small soft">{words.order.short(moneyText(balanceCents, style))}</p>
          <Guarded words={words}>
            <button type="button" onClick={() => void confirm(offer)}>
              {words.order.confirm(amount)}
            </button>
          </Guarded>
        </>
      ) : (
        <p class="note">{words.order.states[offer.state]}</p>
      )}
    </>
  );
}

type OutcomeProps = {
  words: Words;
  offer: OrderOffer;
  payment: RiderPayment;
  again: () => Promise<void>;
};

function Outcome({ words, offer, payment, again }: OutcomeProps) {
  const { language } = useWallet();
  const style = { currency: offer.currency, language: language.current.value };
  const cents = (amount: number) => moneyText(amount, style);
  if (payment.reason === 'WALLET_SHORT') {
    return <Short words={words} offer={offer} cents={cents} again={again} />;
  }
  if (payment.reason !== null) return <p class="note bad">{words.refusals[payment.reason]}</p>;
  return (
    <div class="paid">
      <svg class="tick" viewBox="0 0 24 24" aria-hidden="true">
        <path d="M5 12.5l4.5 4.5L19 7.5" />
      </svg>
      <p class="figure">{cents(offer.amountCents)}</p>
      <p>{words.order.paid(cents(offer.amountCents), offer.merchantName)}</p>
    </div>
  );
}

type ShortProps = Omit<OutcomeProps, 'payment'> & { cents: (amount: number) => string };

/** The order stays open: what is missing is paid in here, and the order looked at again. */
function Short({ words, offer, cents, again }: ShortProps) {
  const { phone } = useWallet();
  const { pay, busy } = useTopUp();
  const rider = phone.view.value?.rider;
  // A debt is paid first, out of what comes in.
  const missingCents = offer.amountCents - (rider?.balanceCents ?? 0) + (rider?.debtCents ?? 0);
  const topUp = async () => {
    if (await pay(missingCents)) await again();
  };
  return (
    <>
      <p class="note bad">{words.refusals.WALLET_SHORT}</p>
      <TopUpNotice words={words} cents={cents} />
      {missingCents > 0 ? (
        <button type="button" disabled={busy} onClick={() => void topUp()}>
          {words.order.topUp(cents(missingCents))}
        </button>
      ) : (
        <button type="button" onClick={() => void again()}>
          {words.order.again}
        </button>
      )}
    </>
  );
}
