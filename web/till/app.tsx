/** What stands where on a till: sign-in, or the shop's name over selling and the day's list. */
import { useEffect, useState } from 'preact/hooks';
import { ALL_LANGUAGES, LANGUAGES } from '../parts/languages.ts';
import { DayPage } from './pages/day-page.tsx';
import { useKeyboard } from './pages/keyboard.ts';
import { LeaveNote, OfOthers, OpenNotes } from './pages/open-notes.tsx';
import { HintNote, SellPage } from './pages/sell-page.tsx';
import { useTill } from './pages/till-context.ts';
import type { Words } from './words/shape.ts';
import { WORDS } from './words/words.ts';

export function App() {
  const till = useTill();
  const { access, merchant, page, language } = till;
  const words = WORDS[language.current.value];
  useKeyboard();
  useEffect(() => {
    document.title = words.title;
  }, [words]);
  const { value } = access;
  if (value === 'checking') return <p class="hidden" aria-live="polite" />;
  if (value === 'offered') return <OfferPage words={words} />;
  if (value !== 'in') return <SignIn words={words} state={value} />;
  return (
    <div class="till">
      <header>
        <span class="brand" title={merchant.value?.merchant}>
          {merchant.value?.name}
        </span>
        <nav aria-label={words.title}>
          {(['sell', 'list'] as const).map((name) => (
            <button
              key={name}
              type="button"
              class="tab"
              aria-current={page.value === name ? 'page' : undefined}
              onClick={() => till.goTo(name)}
            >
              {words.pages[name]}
            </button>
          ))}
        </nav>
        <span class="row">
          <SoundSwitch words={words} />
          <LanguageChoice />
          <button type="button" class="tab" onClick={() => void till.askToSignOut()}>
            {words.signOut}
          </button>
        </span>
      </header>
      {till.linkFailed.value && (
        <p class="note bad" role="alert">
          {words.offer.failed}
        </p>
      )}
      <LeaveNote words={words} />
      <OpenNotes words={words} />
      {page.value !== 'sell' && <HintNote words={words} />}
      <main>{page.value === 'sell' ? <SellPage words={words} /> : <DayPage words={words} />}</main>
    </div>
  );
}

function SoundSwitch({ words }: { words: Words }) {
  const { sound } = useTill();
  return (
    <button type="button" class="tab" onClick={() => sound.switch()}>
      {sound.isOn.value ? words.sound.on : words.sound.off}
    </button>
  );
}

function LanguageChoice() {
  const { language } = useTill();
  const at = ALL_LANGUAGES.indexOf(language.current.value);
  const next = ALL_LANGUAGES[(at + 1) % ALL_LANGUAGES.length] ?? 'en';
  return (
    <button type="button" class="tab" lang={next} onClick={() => language.choose(next)}>
      {LANGUAGES[next]}
    </button>
  );
}

/** What a link asks for, with the name that settlement keeps apart from every other, before anything changes. */
function OfferPage({ words }: { words: Words }) {
  const till = useTill();
  const offered = till.offer.value?.merchant;
  return (
    <main class="sign-in stack">
      <h1>{words.offer.title}</h1>
      <p>{words.offer.text}</p>
      <p class="card">
        <strong>{offered?.name}</strong> ({offered?.merchant})
      </p>
      <p class="note bad" role="alert">
        {words.offer.warning}
      </p>
      <OfOthers words={words} />
      <button type="button" onClick={() => void till.answerOffer(false)}>
        {words.offer.no}
      </button>
      <button type="button" class="quiet" onClick={() => void till.answerOffer(true)}>
        {words.offer.yes}
      </button>
      <LanguageChoice />
    </main>
  );
}

function SignIn({ words, state }: { words: Words; state: 'out' | 'refused' | 'unreachable' }) {
  const till = useTill();
  const [text, setText] = useState('');
  return (
    <main class="sign-in stack">
      <h1>{words.signIn.title}</h1>
      <p class="soft">{words.signIn.text}</p>
      {state !== 'out' && (
        <p class="note bad" role="alert">
          {words.signIn[state]} {till.hasToken && words.signIn.kept}
        </p>
      )}
      {state === 'unreachable' && till.hasToken && (
        <button type="button" onClick={() => void till.enterAgain()}>
          {words.signIn.again}
        </button>
      )}
      <OfOthers words={words} />
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          void till.signIn(text);
        }}
      >
        <label>
          {words.signIn.token}
          <input
            type="password"
            data-scans
            autocomplete="off"
            required
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <button type="submit">{words.signIn.button}</button>
        <LanguageChoice />
      </form>
    </main>
  );
}
