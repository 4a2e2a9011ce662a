/** About this phone: language, pass, key, clock, and the way to take the wallet off it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { LANGUAGES, type Language } from '../../parts/languages.ts';
import { moneyText, timeText } from '../../parts/money.ts';
import { allowanceOf } from '../core/account.ts';
import { isClockWrong } from '../core/state.ts';
import type { AccountView } from '../shell/vault.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';
import { Fact } from './fact.tsx';
import { Page } from './page.tsx';
import { useWallet } from './wallet-context.ts';
import { Warnings } from './warnings.tsx';

export function MorePage({ words }: { words: Words }) {
  const { phone, language, refresh } = useWallet();
  const { value: enrolment } = phone.enrolment;
  const [isSure, setSure] = useState(false);
  if (enrolment === null) return null;
  const { key, account, expiresAtS } = enrolment;
  return (
    <Page title={words.more.title}>
      <Warnings words={words} />
      <section class="card stack">
        <label>
          {words.more.language}
          <select
            value={language.current.value}
            onChange={(event) => language.choose(event.currentTarget.value as Language)}
          >
            {Object.entries(LANGUAGES).map(([code, name]) => (
              <option key={code} value={code} lang={code}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <dl class="facts">
          <Fact name={words.more.account} text={account} />
          <Fact name={words.more.pass} text={timeText(expiresAtS * 1000, language.current.value)} />
          <Fact name={words.more.rides} text={String(allowanceOf(enrolment.pass))} />
          <Fact
            name={words.more.key}
            text={key.kind === 'page' ? words.more.keyPage : words.more.keyPlatform(key.algorithm)}
          />
          <Fact name={words.more.clock} text={clockText(phone.view.value, words)} />
        </dl>
        <Renew words={words} isOnline={refresh.isOnline.value} />
      </section>
      <Cards words={words} />
      {isSure ? (
        <Sure words={words} cancel={() => setSure(false)} />
      ) : (
        <button type="button" class="danger" onClick={() => setSure(true)}>
          {words.more.forget}
        </button>
      )}
    </Page>
  );
}

/** Not part of the first load. */
function Cards({ words }: { words: Words }) {
  const [cards, setCards] = useState<typeof import('./guard/phone-cards.tsx') | 'missing' | null>(
    null,
  );
  useEffect(() => {
    import('./guard/phone-cards.tsx').then(setCards, () => setCards('missing'));
  }, []);
  if (cards === 'missing') {
    return (
      <div class="note bad stack" role="alert" data-missing>
        <p>{words.more.missing}</p>
        <button type="button" class="quiet" onClick={() => location.reload()}>
          {words.more.reload}
        </button>
      </div>
    );
  }
  return cards && <cards.PhoneCards words={words} />;
}

/** A gate that says that no offline ride is left sends riders here; by itself a pass is renewed later. */
function Renew({ words, isOnline }: { words: Words; isOnline: boolean }) {
  const { renewal } = useWallet();
  const [notice, setNotice] = useState('');
  const renew = async () => {
    try {
      await renewal.renewPass();
      setNotice(words.more.renewed);
    } catch (error) {
      setNotice(failureText(error, words));
    }
  };
  return (
    <>
      <button type="button" class="quiet" disabled={!isOnline} onClick={() => void renew()}>
        {words.more.renew}
      </button>
      <p class="small soft" aria-live="polite">
        {notice}
      </p>
    </>
  );
}

function Sure({ words, cancel }: { words: Words; cancel: () => void }) {
  const wallet = useWallet();
  const { value: view } = wallet.phone.view;
  const style = {
    currency: view?.currency ?? 'EUR',
    language: wallet.language.current.value,
  };
  const hasCode = (view?.rider.recoveryCodeMadeAtMs ?? null) !== null;
  const amount = moneyText(view?.rider.balanceCents ?? 0, style);
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  return (
    <section class="card stack" role="alertdialog" aria-labelledby="sure" aria-describedby="why">
      <h2 id="sure">{words.more.forgetTitle}</h2>
      <p id="why">
        {words.more.forgetSure(amount)}{' '}
        {hasCode ? words.more.forgetWithCode : words.more.forgetNoCode}
      </p>
      <div class="row">
        <button type="button" class="quiet wide" ref={first} onClick={cancel}>
          {words.more.cancel}
        </button>
        <button type="button" class="danger wide" onClick={() => void wallet.remove()}>
          {words.more.forgetYes}
        </button>
      </div>
    </section>
  );
}

function clockText(view: AccountView | null, { more, warnings }: Words): string {
  const offsetS = view?.clockOffsetS ?? null;
  if (offsetS === null) return more.clockUnknown;
  if (!isClockWrong(offsetS)) return more.clockRight;
  return offsetS < 0 ? warnings.fast(-offsetS) : warnings.slow(offsetS);
}
