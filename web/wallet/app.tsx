/** What stands where: header, the page of the address, the bar of pages; or the way in for a new phone. */
import { useEffect } from 'preact/hooks';
import { moneyText } from '../parts/money.ts';
import { Evicted, NewPhone, NoStorage } from './pages/enrol-page.tsx';
import { FreshCode } from './pages/guard/fresh-code.tsx';
import { MoneyPage } from './pages/money-page.tsx';
import { MorePage } from './pages/more-page.tsx';
import { OrderPage } from './pages/order-page.tsx';
import { PayPage } from './pages/pay-page.tsx';
import { ReceiptPage } from './pages/receipt-page.tsx';
import { RidePage } from './pages/ride-page.tsx';
import { useWallet } from './pages/wallet-context.ts';
import type { Words } from './words/shape.ts';
import { WORDS } from './words/words.ts';

const ICONS = {
  ride: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2',
  pay: 'M4 5v14M8 5v14M11 5v14M15 5v14M17 5v14M20 5v14',
  money: 'M3 7h18v12H3zM3 11h18M16 15h2',
  more: 'M7 3h10v18H7zM11 18h2',
} as const;

export function App() {
  const { phone, refresh, language } = useWallet();
  const words = WORDS[language.current.value];
  useEffect(() => {
    document.title = words.title;
  }, [words]);
  const { value } = phone.status;
  const isOnline = refresh.isOnline.value;
  if (value.kind === 'starting') return <p class="hidden">{words.starting}</p>;
  return (
    <div class="shell">
      <header>
        <span class="brand">Stile</span>
        <span class={isOnline ? 'pill on' : 'pill'} role="status">
          {isOnline ? words.online : words[value.kind === 'ready' ? 'offline' : 'offlineNew']}
        </span>
      </header>
      {value.kind === 'ready' ? (
        <Ready words={words} />
      ) : (
        <main>
          {value.kind === 'noStorage' && <NoStorage words={words} />}
          {value.kind === 'new' && <NewPhone words={words} />}
          {value.kind === 'evicted' && <Evicted words={words} account={value.account} />}
        </main>
      )}
    </div>
  );
}

function Ready({ words }: { words: Words }) {
  const { route: at, freshCode } = useWallet();
  const route = at.value;
  if (freshCode.value !== null) {
    return (
      <main>
        <FreshCode words={words} fresh={freshCode.value} />
      </main>
    );
  }
  return (
    <>
      <main>
        {route.page !== 'order' && <News words={words} />}
        {route.page === 'ride' && <RidePage words={words} />}
        {route.page === 'pay' && <PayPage words={words} />}
        {route.page === 'money' && <MoneyPage words={words} />}
        {route.page === 'more' && <MorePage words={words} />}
        {route.page === 'receipt' && <ReceiptPage words={words} row={route.row} />}
        {route.page === 'order' && (
          <OrderPage key={route.order} words={words} order={route.order} />
        )}
      </main>
      <nav aria-label={words.title}>
        {(['ride', 'pay', 'money', 'more'] as const).map((page) => (
          <a href={`#/${page}`} aria-current={route.page === page ? 'page' : undefined}>
            <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
              <path d={ICONS[page]} />
            </svg>
            {words.pages[page]}
          </a>
        ))}
      </nav>
    </>
  );
}

/** Said aloud by screen readers, and seen by everyone, until the page changes. */
function News({ words }: { words: Words }) {
  const { events, phone, language } = useWallet();
  const event = events.news.value;
  const style = {
    currency: phone.view.value?.currency ?? 'EUR',
    language: language.current.value,
  };
  const cents = (amount: number) => moneyText(amount, style);
  let text = '';
  let isBad = false;
  if (event?.kind === 'REFUND') text = words.news.refund(cents(event.amountCents), event.payee);
  if (event?.kind === 'PAYMENT') {
    const { payee, amountCents, reason } = event.payment;
    isBad = reason !== null;
    text =
      reason === null
        ? words.news.paid(cents(amountCents), payee)
        : words.news.refused(payee, words.refusals[reason]);
  }
  return (
    <div aria-live="polite" class="news">
      {text !== '' && <p class={isBad ? 'note bad' : 'note good'}>{text}</p>}
    </div>
  );
}
