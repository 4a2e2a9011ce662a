/**
 * Paying at a till: the payment code that needs no network, or the online code that settlement makes. One
 * at a time, so that a reader cannot take the wrong one.
 */

import { readAmount } from '@stile/protocol/money/amount.ts';
import { TIME_STEP_S, timeStepAt } from '@stile/protocol/payment-code.ts';
import { useEffect, useState } from 'preact/hooks';
import { amountHint, moneyText } from '../../parts/money.ts';
import { isSeedGood, ONLINE_CODE_S, serverNowMs, timeLeft, timeStepEndMs } from '../core/state.ts';
import type { MadeCode } from '../shell/online-codes.ts';
import { makePaymentCode } from '../shell/seed.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';
import { useAwakeScreen } from './awake-screen.ts';
import { CodeSheet, Ring } from './code-sheet.tsx';
import { Guarded } from './guard/pin-pad.tsx';
import { Page } from './page.tsx';
import { useWallet } from './wallet-context.ts';
import { Warnings } from './warnings.tsx';

type Kind = 'payment' | 'online';

export function PayPage({ words }: { words: Words }) {
  const { phone, onlineCodes } = useWallet();
  // Who comes back finds what they left.
  const [kind, setKind] = useState<Kind>(() => (onlineCodes.isGood() ? 'online' : 'payment'));
  const isEnded = phone.enrolment.value?.isEnded === true;
  useAwakeScreen();
  const choice = (name: Kind, text: string) => (
    <button type="button" aria-pressed={kind === name} onClick={() => setKind(name)}>
      {text}
    </button>
  );
  return (
    <Page title={words.pay.title}>
      <Warnings words={words} />
      {!isEnded && (
        <Guarded words={words}>
          <fieldset class="switch">
            <legend class="hidden">{words.pay.kinds}</legend>
            {choice('payment', words.pay.offlineTitle)}
            {choice('online', words.pay.onlineTitle)}
          </fieldset>
          {kind === 'payment' ? <PaymentCode words={words} /> : <Online words={words} />}
        </Guarded>
      )}
    </Page>
  );
}

function PaymentCode({ words }: { words: Words }) {
  const { phone, events, renewal, nowMs, language, pin } = useWallet();
  const seed = phone.enrolment.value?.seed ?? null;
  const atMs = nowMs.value;
  const timeStep = timeStepAt(atMs / 1000);
  const isGood = isSeedGood(seed, atMs / 1000);
  const [digits, setDigits] = useState('');
  useEffect(() => {
    let isStale = false;
    if (seed === null || !isGood) return;
    void pin.use(seed).then(async (open) => {
      const code = open && (await makePaymentCode(open, timeStep));
      if (!isStale && code !== undefined) setDigits(code);
    });
    return () => {
      isStale = true;
    };
  }, [seed, timeStep, isGood]);
  if (seed === null || !isGood) {
    return <p class="card">{renewal.paymentCodesOff.value ? words.pay.off : words.pay.none}</p>;
  }
  const currency = phone.view.value?.currency ?? 'EUR';
  const cap = moneyText(seed.amountCentsMax, { currency, language: language.current.value });
  const spanMs = TIME_STEP_S * 1000;
  const left = timeLeft({ nowMs: atMs, endMs: timeStepEndMs(atMs), spanMs });
  const isSpent = events.spentTimeStep.value === timeStep;
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
  const { phone, onlineCodes, refresh, language } = useWallet();
  const code = onlineCodes.current.value;
  const [amount, setAmount] = useState('');
  const currency = phone.view.value?.currency ?? 'EUR';
  const bound = amount.trim() === '' ? null : readAmount(amount, { currency });
  const isBad = bound?.ok === false;
  const boundCents = bound?.ok === true ? bound.minor : null;
  const [failure, setFailure] = useState('');
  const fetchIt = async () => {
    if (isBad) return;
    setFailure('');
    try {
      await onlineCodes.make(boundCents);
    } catch (error) {
      setFailure(failureText(error, words));
    }
  };
  useEffect(() => {
    if (refresh.isOnline.value && !onlineCodes.isGood()) void fetchIt();
  }, []);
  const isOnline = refresh.isOnline.value;
  return (
    <>
      {code !== null && <OnlineShown words={words} code={code} />}
      <p class="soft">{isOnline ? words.pay.onlineHint : words.pay.onlineNoNetwork}</p>
      {failure !== '' && (
        <p class="note bad" role="alert">
          {failure}
        </p>
      )}
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void fetchIt();
        }}
      >
        <label>
          {words.pay.onlineAmount}
          <input
            inputMode="decimal"
            autocomplete="off"
            value={amount}
            aria-invalid={isBad}
            onInput={(event) => setAmount(event.currentTarget.value)}
          />
        </label>
        {bound?.ok === false && (
          <p class="small soft" role="status" data-amount={bound.reason}>
            {words.amounts[bound.reason](
              amountHint({ currency, language: language.current.value }),
            )}
          </p>
        )}
        <button type="submit" class="quiet" disabled={!isOnline || isBad}>
          {words.pay.onlineMake}
        </button>
      </form>
    </>
  );
}

type ShownProps = { words: Words; code: MadeCode };

/** Its end is on settlement's clock, which this phone has compared with its own. */
function OnlineShown({ words, code }: ShownProps) {
  const { phone, nowMs, language } = useWallet();
  const style = {
    currency: phone.view.value?.currency ?? 'EUR',
    language: language.current.value,
  };
  const left = timeLeft({
    nowMs: serverNowMs(nowMs.value, phone.view.value),
    endMs: code.expiresAtS * 1000,
    spanMs: ONLINE_CODE_S * 1000,
  });
  const isOver = left.seconds === 0;
  const { isUsed } = code;
  const text = isUsed
    ? words.pay.onlineUsed
    : isOver
      ? words.pay.onlineOver
      : words.pay.onlineLeft(left.seconds);
  return (
    <>
      <CodeSheet text={code.text} label={words.pay.onlineLabel} isOver={isOver || isUsed} />
      <div class="row">
        <p class="soft">
          {text}
          {code.boundCents !== null && ` · ${words.pay.upTo(moneyText(code.boundCents, style))}`}
        </p>
        <Ring {...left} label={text} />
      </div>
    </>
  );
}
