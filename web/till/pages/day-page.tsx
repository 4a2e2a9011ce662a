/** The day's list: what was sold, what was given back, what is left; and the way to give back more. */
import type { Payment, PaymentList } from '@stile/protocol/http/merchant-api.ts';
import { useEffect, useState } from 'preact/hooks';
import { clockText, moneyText } from '../../parts/money.ts';
import type { Words } from '../words/shape.ts';
import { DayChoice, WholeDay } from './day-choice.tsx';
import { RefundForm } from './refund-form.tsx';
import { useMoneyStyle, useTill } from './till-context.ts';

type Cents = (amount: number) => string;

export function DayPage({ words }: { words: Words }) {
  const till = useTill();
  const [day, setDay] = useState<PaymentList | null>(null);
  const [isOld, setOld] = useState(false);
  const [chosen, setChosen] = useState<Payment | null>(null);
  const [date, setDate] = useState(() => till.today());
  const changes = till.changes.value;
  useEffect(() => {
    let isShown = true;
    till.readDay(null, date).then(
      (list) => {
        if (!isShown) return;
        setDay(list);
        setOld(false);
      },
      () => setOld(true),
    );
    return () => {
      isShown = false;
    };
  }, [changes, date]);
  const style = useMoneyStyle();
  const cents: Cents = (amount) => moneyText(amount, style);
  const more = async () => {
    if (day?.next == null) return;
    try {
      const next = await till.readDay(day.next, date);
      setDay({ ...next, items: [...day.items, ...next.items] });
      setOld(false);
    } catch {
      setOld(true);
    }
  };
  return (
    <div class="day stack">
      <h1>{date === till.today() ? words.list.title : date}</h1>
      <DayChoice
        words={words}
        date={date}
        choose={(next) => {
          setChosen(null);
          setDay(null);
          setDate(next);
        }}
      />
      {isOld && (
        <p class="note" role="alert">
          {words.list.unreachable}
        </p>
      )}
      {day !== null && <Totals words={words} day={day} cents={cents} />}
      {chosen !== null && (
        // Of each payment a form of its own: nothing of the one before stays in it.
        <RefundForm
          key={chosen.idempotencyKey}
          words={words}
          payment={chosen}
          close={() => setChosen(null)}
        />
      )}
      <section class="card">
        {!till.mayRefund && <p class="soft">{words.list.managerOnly}</p>}
        {day?.items.length === 0 && <p class="soft">{words.list.empty}</p>}
        <ul class="list">
          {day?.items.map((item) => (
            <Item
              key={item.idempotencyKey}
              words={words}
              item={item}
              cents={cents}
              choose={setChosen}
            />
          ))}
        </ul>
        {day?.next != null && (
          <button type="button" class="quiet" onClick={() => void more()}>
            {words.list.more}
          </button>
        )}
      </section>
      <WholeDay key={date} words={words} date={date} />
    </div>
  );
}

function Totals({ words, day, cents }: { words: Words; day: PaymentList; cents: Cents }) {
  const { paidCents, refundedCents } = day.totals;
  return (
    <dl class="card totals">
      <div>
        <dt>{words.list.paid}</dt>
        <dd>{cents(paidCents)}</dd>
      </div>
      <div>
        <dt>{words.list.refunded}</dt>
        <dd>{cents(refundedCents)}</dd>
      </div>
      <div>
        <dt>{words.list.total}</dt>
        <dd class="figure" data-total={paidCents - refundedCents}>
          {cents(paidCents - refundedCents)}
        </dd>
      </div>
    </dl>
  );
}

type ItemProps = {
  words: Words;
  item: Payment;
  cents: Cents;
  choose: (payment: Payment) => void;
};

function Item({ words, item, cents, choose }: ItemProps) {
  const { language, mayRefund, refunds } = useTill();
  const isAsked = refunds.ofPayment(item) !== undefined;
  const { outcome, reason, receipt, way, amountCents, refundedCents, atMs } = item;
  const isPaid = outcome === 'PAID';
  return (
    <li data-outcome={outcome}>
      <span>
        {isPaid && receipt !== null ? words.outcome.receipt(receipt) : words.list.state[outcome]}
      </span>
      <span class={isPaid ? 'amount' : 'amount struck'}>{cents(amountCents)}</span>
      <span class="small soft row">
        <span>
          {atMs !== null && clockText(atMs, language.current.value)}
          {way !== null && ` · ${words.ways[way]}`}
          {reason !== null && ` · ${words.refusals[reason]}`}
          {refundedCents > 0 && ` · ${words.list.gaveBack(cents(refundedCents))}`}
        </span>
        {mayRefund && isPaid && !isAsked && refundedCents < amountCents && (
          <button type="button" class="tab" onClick={() => choose(item)}>
            {words.list.refund}
          </button>
        )}
      </span>
    </li>
  );
}
