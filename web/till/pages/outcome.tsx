/** Paid, not paid, not known: three pictures that cannot be taken for one another. */
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import { moneyText, timeText } from '../../parts/money.ts';
import type { Words } from '../words/shape.ts';
import { failureText, useMoneyStyle, useTill } from './till-context.ts';

export function OutcomeView({ words }: { words: Words }) {
  const till = useTill();
  const { sale } = till;
  const { value } = sale.state;
  const onwards = () => void till.nextCustomer();
  if (value.kind === 'waiting') {
    return (
      <p class="figure soft" role="status">
        {words.outcome.waiting}
      </p>
    );
  }
  if (value.kind === 'unknown') {
    const { pending, failure } = value;
    return (
      <div class="outcome unsure stack" data-outcome="UNKNOWN">
        <div class="said stack">
          <Mark path="M9.5 9a2.6 2.6 0 1 1 3.6 2.4c-.8.4-1.1 1-1.1 1.9M12 17h.01" />
          <h2 class="figure">{words.outcome.unknown}</h2>
          <p>{words.outcome.unknownText}</p>
          {failure !== null && (
            <p class="note bad" role="alert">
              {words.outcome.notReversed} {failureText(words, failure)}
            </p>
          )}
        </div>
        <div class="next stack">
          <button type="button" onClick={() => void sale.resolve(pending)}>
            {words.outcome.again}
          </button>
          <button type="button" class="danger" onClick={() => void sale.reverse(pending)}>
            {words.outcome.reverse}
          </button>
        </div>
      </div>
    );
  }
  if (value.kind === 'reversed') {
    return (
      <div class="outcome stack" data-outcome="REVERSED">
        <h2 class="figure">{words.outcome.reversed}</h2>
        <button type="button" onClick={onwards}>
          {words.outcome.next}
        </button>
      </div>
    );
  }
  if (value.kind !== 'decided') return null;
  return <Decided words={words} payment={value.payment} onwards={onwards} />;
}

type DecidedProps = { words: Words; payment: Payment; onwards: () => void };

function Decided({ words, payment, onwards }: DecidedProps) {
  const isPaid = payment.outcome === 'PAID' && payment.refundedCents === 0;
  const why = payment.reason === null ? (payment.note ?? '') : words.refusals[payment.reason];
  return (
    <div class={isPaid ? 'outcome good stack' : 'outcome bad stack'} data-outcome={payment.outcome}>
      <div class="said stack">
        <Mark path={isPaid ? 'M6 12.5l4 4 8-9' : 'M7 7l10 10M17 7L7 17'} />
        <h2 class="figure">{isPaid ? words.outcome.paid : words.outcome.refused}</h2>
        {isPaid ? <Receipt words={words} payment={payment} /> : <p>{why}</p>}
      </div>
      <div class="next stack">
        <button type="button" onClick={onwards} ref={(button) => button?.focus()}>
          {words.outcome.next}
        </button>
        {isPaid && (
          <button type="button" class="quiet no-print" onClick={() => print()}>
            {words.outcome.print}
          </button>
        )}
      </div>
    </div>
  );
}

function Receipt({ words, payment }: { words: Words; payment: Payment }) {
  const { merchant } = useTill();
  const style = useMoneyStyle();
  return (
    <div class="receipt">
      <p class="print-only">{merchant.value?.name}</p>
      <p class="figure">{moneyText(payment.amountCents, style)}</p>
      {payment.receipt !== null && <p>{words.outcome.receipt(payment.receipt)}</p>}
      <p class="small">
        {payment.way !== null && words.ways[payment.way]}
        {payment.atMs !== null && ` · ${timeText(payment.atMs, style.language)}`}
      </p>
      {payment.note !== null && <p>{payment.note}</p>}
    </div>
  );
}

function Mark({ path }: { path: string }) {
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="12" cy="12" r="11" />
      <path d={path} />
    </svg>
  );
}
