/**
 * Paying at a till: the payment code that needs no network, or the online code that settlement makes. One
 * at a time, so that a reader cannot take the wrong one.
 */

import { TIME_STEP_S, timeStepAt } from '@stile/protocol/payment-code.ts';
import type { OnlineCode } from '@stile/protocol/rider-api.ts';
import { useEffect, useState } from 'preact/hooks';
import { language } from '../../parts/language.ts';
import { moneyText } from '../../parts/money.ts';
import { isSeedGood, ONLINE_CODE_S, stepEndMs, timeLeft } from '../core/state.ts';
import { phone, seen } from '../shell/phone.ts';
import { isOnline, news, paymentCodesOff, serverNowMs, spentStep } from '../shell/refresh.ts';
import { makePaymentCode } from '../shell/seed.ts';
import { withSession } from '../shell/session.ts';
import { fetchOnlineCode } from '../shell/settlement-client.ts';
import { nowMs } from '../shell/ticker.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';
import { useAwakeScreen } from './awake-screen.ts';
import { CodeSheet, Ring } from './code-sheet.tsx';
import { Page } from './page.tsx';
import { Warnings } from './warnings.tsx';

type Kind = 'payment' | 'online';

export function PayPage({ words }: { words: Words }) {
  const [kind, setKind] = useState<Kind>('payment');
  useAwakeScreen();
  const choice = (name: Kind, text: string) => (
    <button type="button" aria-pressed={kind === name} onClick={() => setKind(name)}>
      {text}
    </button>
  );
  return (
    <Page title={words.pay.title}>
      <Warnings words={words} />
      <fieldset class="switch">
        <legend class="hidden">{words.pay.kinds}</legend>
        {choice('payment', words.pay.offlineTitle)}
        {choice('online', words.pay.onlineTitle)}
      </fieldset>
      {kind === 'payment' ? <PaymentCode words={words} /> : <Online words={words} />}
    </Page>
  );
}

function PaymentCode({ words }: { words: Words }) {
  const seed = phone.value?.seed ?? null;
  const atMs = nowMs.value;
  const step = timeStepAt(atMs / 1000);
  const isGood = isSeedGood(seed, atMs / 1000);
  const [digits, setDigits] = useState('');
  useEffect(() => {
    let isStale = false;
    if (seed === null || !isGood) return;
    void makePaymentCode(seed, step).then((made) => {
      if (!isStale) setDigits(made);
    });
    return () => {
      isStale = true;
    };
  }, [seed, step, isGood]);
  if (seed === null || !isGood) {
    return <p class="card">{paymentCodesOff.value ? words.pay.off : words.pay.none}</p>;
  }
  const cap = moneyText(seed.amountCentsMax, seen.value?.currency ?? 'EUR', language.value);
  const left = timeLeft(atMs, stepEndMs(atMs), TIME_STEP_S * 1000);
  const isSpent = spentStep.value === step;
  return (
    <>
      {digits !== '' && <CodeSheet text={digits} label={words.pay.label} isOver={isSpent} />}
      <div class="row">
        <p class="soft">
          {isSpent ? (
            words.pay.spent(left.seconds)
          ) : (
            <>
              {words.pay.offlineHint} {words.pay.upTo(cap)}
            </>
          )}
        </p>
        <Ring {...left} label={words.pay.seconds(left.seconds)} />
      </div>
    </>
  );
}

function Online({ words }: { words: Words }) {
  const [code, setCode] = useState<OnlineCode | null>(null);
  const [failure, setFailure] = useState('');
  const [heard, setHeard] = useState(news.value);
  const fetchIt = async () => {
    setFailure('');
    try {
      setCode(await withSession(fetchOnlineCode));
      setHeard(news.value);
    } catch (error) {
      setFailure(failureText(error, words));
    }
  };
  useEffect(() => {
    if (isOnline.value) void fetchIt();
  }, []);
  // The news that came while this code was shown is about this code.
  const event = news.value;
  const isUsed =
    event !== heard && event?.kind === 'PAYMENT' && event.payment.way === 'ONLINE_CODE';
  return (
    <>
      {code !== null && <OnlineShown words={words} code={code} isUsed={isUsed} />}
      <p class="soft">{isOnline.value ? words.pay.onlineHint : words.pay.onlineNoNetwork}</p>
      {failure !== '' && (
        <p class="note bad" role="alert">
          {failure}
        </p>
      )}
      <button type="button" class="quiet" disabled={!isOnline.value} onClick={() => void fetchIt()}>
        {words.pay.onlineMake}
      </button>
    </>
  );
}

type ShownProps = { words: Words; code: OnlineCode; isUsed: boolean };

/** Its end is on settlement's clock, which this phone has compared with its own. */
function OnlineShown({ words, code, isUsed }: ShownProps) {
  const offsetMs = serverNowMs() - Date.now();
  const spanMs = ONLINE_CODE_S * 1000;
  const left = timeLeft(nowMs.value + offsetMs, code.expiresAtS * 1000, spanMs);
  const isOver = left.seconds === 0;
  const text = isUsed
    ? words.pay.onlineUsed
    : isOver
      ? words.pay.onlineOver
      : words.pay.onlineLeft(left.seconds);
  return (
    <>
      <CodeSheet text={code.text} label={words.pay.onlineLabel} isOver={isOver || isUsed} />
      <div class="row">
        <p class="soft">{text}</p>
        <Ring {...left} label={text} />
      </div>
    </>
  );
}
