/** Giving back a payment or a part of it. What gets no response is asked for again beside the day's list. */
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import { readAmount } from '@stile/protocol/money/amount.ts';
import { useState } from 'preact/hooks';
import { amountHint, moneyText, plainMoneyText } from '../../parts/money.ts';
import type { Failure } from '../shell/merchant-client.ts';
import type { Words } from '../words/shape.ts';
import { failureText, useMoneyStyle, useTill } from './till-context.ts';

type RefundProps = { words: Words; payment: Payment; close: () => void };

export function RefundForm({ words, payment, close }: RefundProps) {
  const { refunds } = useTill();
  const style = useMoneyStyle();
  const leftCents = payment.amountCents - payment.refundedCents;
  const [text, setText] = useState(() => plainMoneyText(leftCents, style));
  const [failure, setFailure] = useState<Failure | null>(null);
  const reading = readAmount(text, { currency: style.currency, minorMax: leftCents });
  const isAsked = refunds.ofPayment(payment) !== undefined;
  const give = async () => {
    if (!reading.ok || isAsked) return;
    setFailure(null);
    const result = await refunds.give(payment, reading.minor);
    if (result.kind === 'refused') setFailure(result.failure);
    else close();
  };
  return (
    <form
      class="card stack"
      onSubmit={(event) => {
        event.preventDefault();
        void give();
      }}
    >
      <h2>{words.list.refundTitle(payment.receipt ?? 0)}</h2>
      <label>
        {words.list.refundAmount} ({moneyText(leftCents, style)})
        <input
          inputMode="decimal"
          value={text}
          aria-invalid={!reading.ok}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {!reading.ok && (
        <p class="small soft" role="status" data-amount={reading.reason}>
          {words.amounts[reading.reason](amountHint(style, leftCents))}
        </p>
      )}
      {failure !== null && (
        <p class="note bad" role="alert">
          {words.list.refundFailed} {failureText(words, failure)}
        </p>
      )}
      <div class="ways">
        <button type="submit" class="danger" disabled={!reading.ok || isAsked}>
          {words.list.refundYes}
        </button>
        <button type="button" class="quiet" onClick={close}>
          {words.sell.cancel}
        </button>
      </div>
    </form>
  );
}
