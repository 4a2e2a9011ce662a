/** One row of the statement as a receipt to keep: shared, copied, printed, or saved as PDF by the browser's own print. */
import type { StatementItem } from '@stile/protocol/http/rider-api.ts';
import { useState } from 'preact/hooks';
import { moneyText, timeText } from '../../parts/money.ts';
import { signOf } from '../core/account.ts';
import type { Words } from '../words/shape.ts';
import { Fact } from './fact.tsx';
import { Page } from './page.tsx';
import { nameOf, noteOf, riddenText } from './statement-texts.ts';
import { useWallet } from './wallet-context.ts';

type Line = { name: string; text: string };

export function ReceiptPage({ words, row }: { words: Words; row: string }) {
  const item = useWallet().statement.held.value?.items.find(({ id }) => id === row);
  return (
    <Page title={words.receipt.title}>
      {item === undefined ? (
        <p class="note">{words.receipt.missing}</p>
      ) : (
        <Receipt words={words} item={item} />
      )}
      <a class="button quiet no-print" href="#/money">
        {words.receipt.back}
      </a>
    </Page>
  );
}

function Receipt({ words, item }: { words: Words; item: StatementItem }) {
  const [isCopied, setCopied] = useState(false);
  const lines = useLines(words, item);
  const share = async () => {
    const text = lines.map(({ name, text: of }) => `${name}: ${of}`).join('\n');
    try {
      if (navigator.share !== undefined)
        await navigator.share({ title: words.receipt.title, text });
      else {
        await navigator.clipboard.writeText(text);
        setCopied(true);
      }
    } catch {
      // Its reader has thought better of it, or the browser lets no page share: it can still be printed.
    }
  };
  return (
    <>
      <section class="card" data-receipt={item.id}>
        <dl class="facts">
          {lines.map(({ name, text }) => (
            <Fact key={name} name={name} text={text} />
          ))}
        </dl>
      </section>
      <div class="row no-print">
        <button type="button" class="quiet wide" onClick={() => void share()}>
          {words.receipt.share}
        </button>
        <button type="button" class="quiet wide" onClick={() => print()}>
          {words.receipt.print}
        </button>
      </div>
      <p class="small soft no-print" aria-live="polite">
        {isCopied && words.receipt.copied}
      </p>
    </>
  );
}

function useLines(words: Words, item: StatementItem): Line[] {
  const { phone, language: choice } = useWallet();
  const { receipt } = words;
  const language = choice.current.value;
  const view = phone.view.value;
  const cents = (amount: number) =>
    moneyText(amount, { currency: view?.currency ?? 'EUR', language });
  const lines: [string, string | null | undefined][] = [
    [receipt.operator, view?.operator],
    [receipt.what, nameOf(item, words)],
    [receipt.amount, signOf(item) + cents(item.amountCents)],
    [receipt.owed, item.owedCents > 0 ? cents(item.owedCents) : null],
    [receipt.ridden, riddenText(item, { words, language })],
    [receipt.charged, timeText(item.chargedAtMs, language)],
    [receipt.how, item.way === null ? null : words.ways[item.way]],
    [receipt.note, noteOf(item, words)],
    [receipt.account, view?.rider.account],
    [receipt.number, item.id],
  ];
  return lines.flatMap(([name, text]) => (text ? [{ name, text }] : []));
}
