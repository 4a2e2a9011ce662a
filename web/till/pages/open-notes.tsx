/** What is not known yet beside the sale that is shown: nothing of it is forgotten until somebody has asked. */
import type { Words } from '../words/shape.ts';
import { failureText, useRecordText, useTill } from './till-context.ts';

/** Of the shop whose till this is, and of others. */
export function OpenNotes({ words }: { words: Words }) {
  return (
    <>
      <OfOthers words={words} />
      <OpenSales words={words} />
      <OpenRefunds words={words} />
    </>
  );
}

function OpenSales({ words }: { words: Words }) {
  const { sale } = useTill();
  const textOf = useRecordText();
  const isFree = sale.state.value.kind === 'none';
  return (
    <>
      {sale.unknown.value.map((pending) => (
        <div key={pending.idempotencyKey} class="note bad" role="alert" data-unknown="PAYMENT">
          <p>{words.open.payment(textOf(pending))}</p>
          {isFree && (
            <span class="row">
              <button type="button" class="tab" onClick={() => void sale.resolve(pending)}>
                {words.outcome.again}
              </button>
              <button type="button" class="tab" onClick={() => void sale.reverse(pending)}>
                {words.outcome.reverse}
              </button>
            </span>
          )}
        </div>
      ))}
    </>
  );
}

function OpenRefunds({ words }: { words: Words }) {
  const { refunds, mayRefund } = useTill();
  const textOf = useRecordText();
  const answered = refunds.answered.value;
  return (
    <>
      {refunds.unknown.value.map((refund) => (
        <div key={refund.idempotencyKey} class="note bad" role="alert" data-unknown="REFUND">
          <p>{words.open.refund(textOf(refund), refund.receipt ?? 0)}</p>
          {mayRefund ? (
            <button type="button" class="tab" onClick={() => void refunds.askAgain(refund)}>
              {words.outcome.again}
            </button>
          ) : (
            <p>{words.list.managerOnly}</p>
          )}
        </div>
      ))}
      {answered !== null && (
        <p class={answered.failure === null ? 'note good' : 'note bad'} role="status">
          {words.outcome.receipt(answered.refund.receipt ?? 0)}:{' '}
          {answered.failure === null
            ? words.list.gaveBack(textOf(answered.refund).amount)
            : `${words.list.refundFailed} ${failureText(words, answered.failure)}`}
        </p>
      )}
    </>
  );
}

/** What was begun for another shop: this one can neither ask for it nor take it back. */
export function OfOthers({ words }: { words: Words }) {
  const { sale, refunds } = useTill();
  const textOf = useRecordText();
  return [...sale.ofOthers.value, ...refunds.ofOthers.value].map((record) => (
    <p key={record.idempotencyKey} class="note bad" role="alert" data-of-other={record.merchant}>
      {'paymentKey' in record
        ? words.open.refundOfOther(textOf(record))
        : words.open.ofOther(textOf(record))}
    </p>
  ));
}

/** Before somebody signs out: what then only this shop's token finds out. */
export function LeaveNote({ words }: { words: Words }) {
  const till = useTill();
  const textOf = useRecordText();
  if (!till.isLeaving.value) return null;
  return (
    <div class="note bad stack" role="alertdialog" aria-label={words.leave.title}>
      <h2>{words.leave.title}</h2>
      {till.sale.own.value.map((record) => (
        <p key={record.idempotencyKey}>{words.open.payment(textOf(record))}</p>
      ))}
      {till.refunds.own.value.map((record) => (
        <p key={record.idempotencyKey}>{words.open.refund(textOf(record), record.receipt ?? 0)}</p>
      ))}
      <p>{words.leave.text}</p>
      <div class="ways">
        <button type="button" onClick={() => till.stay()}>
          {words.leave.no}
        </button>
        <button type="button" class="danger" onClick={() => void till.signOut()}>
          {words.leave.yes}
        </button>
      </div>
    </div>
  );
}
