/** Balance, debts and how to clear them, top-up, and every ride with its fare and both its times. */
import type { StatementItem } from '@stile/protocol/http/rider-api.ts';
import { useEffect, useState } from 'preact/hooks';
import type { Language } from '../../parts/languages.ts';
import { moneyText, timeText } from '../../parts/money.ts';
import { signOf } from '../core/account.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';
import { Page } from './page.tsx';
import { nameOf, noteOf, riddenText } from './statement-texts.ts';
import { TopUpNotice, useTopUp } from './top-up.tsx';
import { useWallet } from './wallet-context.ts';
import { Warnings } from './warnings.tsx';

const AMOUNTS_CENTS = [1_000, 2_000, 5_000];

type Cents = (amount: number) => string;
type Props = { words: Words; cents: Cents };

export function MoneyPage({ words }: { words: Words }) {
  const { phone, language } = useWallet();
  const view = phone.view.value;
  const style = { currency: view?.currency ?? 'EUR', language: language.current.value };
  const cents = (amount: number) => moneyText(amount, style);
  return (
    <Page title={words.money.title}>
      <Warnings words={words} besides="debt" />
      <section class="card stack">
        <div>
          <h2 class="small soft">{words.money.balance}</h2>
          <p class="figure" data-balance={view?.rider.balanceCents}>
            {view === null ? '–' : cents(view.rider.balanceCents)}
          </p>
          {view !== null && (
            <p class="small soft">{words.money.asOf(timeText(view.atMs, style.language))}</p>
          )}
        </div>
        <TopUp words={words} cents={cents} />
      </section>
      <NoCode words={words} />
      <section class="card">
        <h2>{words.money.statement}</h2>
        <StatementList words={words} cents={cents} />
      </section>
    </Page>
  );
}

/** No recovery code on paper, as far as anybody has said. */
function NoCode({ words }: { words: Words }) {
  const rider = useWallet().phone.view.value?.rider;
  if (rider === undefined) return null;
  const isUnconfirmed = (rider.unconfirmedCodeMadeAtMs ?? null) !== null;
  if (rider.recoveryCodeMadeAtMs !== null && !isUnconfirmed) return null;
  return (
    <p class="note" role="note" data-no-code={isUnconfirmed ? 'unconfirmed' : 'none'}>
      {isUnconfirmed ? words.recovery.unconfirmed : words.recovery.none}{' '}
      <a class="link" href="#/more">
        {words.recovery.make}
      </a>
    </p>
  );
}

function TopUp({ words, cents }: Props) {
  const { phone } = useWallet();
  const { pay, busy, mode } = useTopUp();
  const debtCents = phone.view.value?.rider.debtCents ?? 0;
  const isKnown = phone.view.value !== null;
  return (
    <div class="stack">
      {mode === 'sandbox' && (
        <p class="note" role="note" data-sandbox>
          {words.money.sandbox}
        </p>
      )}
      {isKnown && mode === 'off' && <p class="note">{words.money.topUpsOff}</p>}
      {debtCents > 0 && (
        <div class="note bad stack">
          <p>
            <strong>{words.money.debt(cents(debtCents))}</strong> {words.money.debtHint}
          </p>
          <button
            type="button"
            disabled={busy || mode === 'off'}
            onClick={() => void pay(debtCents)}
          >
            {words.money.clear(cents(debtCents))}
          </button>
        </div>
      )}
      <fieldset class="amounts" disabled={mode === 'off'}>
        <legend class="small soft">{words.money.topUp}</legend>
        {AMOUNTS_CENTS.map((amountCents) => (
          <button
            key={amountCents}
            type="button"
            class="quiet"
            disabled={busy}
            data-top-up={amountCents}
            onClick={() => void pay(amountCents)}
          >
            {cents(amountCents)}
          </button>
        ))}
      </fieldset>
      <TopUpNotice words={words} cents={cents} />
    </div>
  );
}

function StatementList({ words, cents }: Props) {
  const { statement } = useWallet();
  const [failure, setFailure] = useState('');
  const { items, next } = statement.held.value ?? { items: [], next: null };
  useEffect(() => () => statement.fold(), []);
  const more = async () => {
    setFailure('');
    try {
      await statement.more();
    } catch (error) {
      setFailure(failureText(error, words));
    }
  };
  if (items.length === 0) return <p class="soft">{words.money.empty}</p>;
  return (
    <>
      <ul class="list">
        {items.map((item) => (
          <Item key={item.id} item={item} words={words} cents={cents} />
        ))}
      </ul>
      {failure !== '' && (
        <p class="note bad" role="alert">
          {failure}
        </p>
      )}
      {next !== null && (
        <button type="button" class="quiet wide" onClick={() => void more()}>
          {words.money.earlier}
        </button>
      )}
    </>
  );
}

function Item({ item, words, cents }: Props & { item: StatementItem }) {
  const { language } = useWallet();
  const sign = signOf(item);
  // Many links of one name say nothing to who only hears them.
  const receiptName = `${words.money.receipt}: ${nameOf(item, words)}, ${cents(item.amountCents)}`;
  const note = noteOf(item, words);
  return (
    <li>
      <span>{nameOf(item, words)}</span>
      <span class={sign === '+' ? 'amount came' : 'amount'}>{sign + cents(item.amountCents)}</span>
      <span class="small soft">
        {timesOf(item, { words, language: language.current.value })}
        {item.way !== null && ` · ${words.ways[item.way]}`}
      </span>
      {note !== undefined && <span class="small soft">{note}</span>}
      {item.owedCents > 0 && (
        <span class="small owed">{words.money.owed(cents(item.owedCents))}</span>
      )}
      <a class="small link" href={`#/receipt/${item.id}`} aria-label={receiptName}>
        {words.money.receipt}
      </a>
    </li>
  );
}

/** When it was ridden, and when it was charged: with a gate that had no network these are far apart. */
function timesOf(item: StatementItem, of: { words: Words; language: Language }): string {
  const charged = timeText(item.chargedAtMs, of.language);
  const ridden = riddenText(item, of);
  return ridden === null ? charged : `${ridden}, ${of.words.money.charged(charged)}`;
}
