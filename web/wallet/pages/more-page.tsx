/** About this phone: language, pass, key, clock, and the way to take the wallet off it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Language, timeText } from '../../parts/money.ts';
import { isClockWrong } from '../core/state.ts';
import type { AccountView } from '../shell/vault.ts';
import type { Words } from '../words/shape.ts';
import { Page } from './page.tsx';
import { useWallet } from './wallet-context.ts';
import { Warnings } from './warnings.tsx';

const LANGUAGES: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' };

export function MorePage({ words }: { words: Words }) {
  const { phone, language } = useWallet();
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
          <Fact
            name={words.more.key}
            text={key.kind === 'page' ? words.more.keyPage : words.more.keyPlatform(key.algorithm)}
          />
          <Fact name={words.more.clock} text={clockText(phone.view.value, words)} />
        </dl>
      </section>
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

function Sure({ words, cancel }: { words: Words; cancel: () => void }) {
  const wallet = useWallet();
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  return (
    <section class="card stack" role="alertdialog" aria-labelledby="sure" aria-describedby="why">
      <h2 id="sure">{words.more.forgetTitle}</h2>
      <p id="why">{words.more.forgetSure}</p>
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

function Fact({ name, text }: { name: string; text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}

function clockText(view: AccountView | null, { more, warnings }: Words): string {
  const offsetS = view?.clockOffsetS ?? null;
  if (offsetS === null) return more.clockUnknown;
  if (!isClockWrong(offsetS)) return more.clockRight;
  return offsetS < 0 ? warnings.fast(-offsetS) : warnings.slow(offsetS);
}
