/** Which day is listed, and what is done with a whole one: its close on paper, its payments as a file. */
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import { useState } from 'preact/hooks';
import { moneyText } from '../../parts/money.ts';
import { dayCsv, totalsByMethod } from '../core/day-report.ts';
import type { Words } from '../words/shape.ts';
import { download } from './download.ts';
import { useMoneyStyle, useTill } from './till-context.ts';

type DayProps = { words: Words; date: string };

export function DayChoice({ words, date, choose }: DayProps & { choose: (date: string) => void }) {
  const till = useTill();
  const today = till.today();
  return (
    <div class="ways no-print">
      <button type="button" class="quiet" onClick={() => choose(till.dayAfter(date, -1))}>
        {words.list.dayBefore}
      </button>
      <button
        type="button"
        class="quiet"
        disabled={date >= today}
        onClick={() => choose(till.dayAfter(date, 1))}
      >
        {words.list.dayAfter}
      </button>
      <label>
        <span class="hidden">{words.list.day}</span>
        <input
          type="date"
          data-scans
          max={today}
          value={date}
          onChange={({ currentTarget: { value } }) => {
            if (value !== '') choose(value > today ? today : value);
          }}
        />
      </label>
    </div>
  );
}

export function WholeDay({ words, date }: DayProps) {
  const till = useTill();
  const style = useMoneyStyle();
  const [payments, setPayments] = useState<readonly Payment[] | null>(null);
  const [hasFailed, setFailed] = useState(false);
  const read = async (): Promise<readonly Payment[]> => {
    setFailed(false);
    try {
      return await till.readWholeDay(date);
    } catch {
      setFailed(true);
      return [];
    }
  };
  const save = async () => {
    const all = await read();
    const name = `${till.merchant.value?.merchant}-${date}.csv`;
    if (all.length > 0) download(dayCsv(all, style.currency), { name, type: 'text/csv' });
  };
  return (
    <section class="card stack">
      <div class="ways no-print">
        <button type="button" class="quiet" onClick={() => void read().then(setPayments)}>
          {words.list.close}
        </button>
        <button type="button" class="quiet" onClick={() => void save()}>
          {words.list.csv}
        </button>
      </div>
      {hasFailed && (
        <p class="note bad" role="alert">
          {words.list.unreachable}
        </p>
      )}
      {payments !== null && !hasFailed && (
        <>
          <h2>
            {words.list.close}: {till.merchant.value?.name}, {date}
          </h2>
          <ul class="list" data-close={date}>
            {totalsByMethod(payments).map((totals) => (
              <li key={totals.way}>
                <span>
                  {words.ways[totals.way]} · {words.list.payments(totals.payments)}
                </span>
                <span class="amount">{moneyText(totals.paidCents, style)}</span>
                {totals.refundedCents > 0 && (
                  <span class="small soft">
                    {words.list.gaveBack(moneyText(totals.refundedCents, style))}
                  </span>
                )}
              </li>
            ))}
          </ul>
          <button type="button" class="quiet no-print" onClick={() => print()}>
            {words.list.print}
          </button>
        </>
      )}
    </section>
  );
}
