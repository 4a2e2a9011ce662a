/** The three ways in: a new phone, one that was emptied, and a window that stores nothing. */
import { useState } from 'preact/hooks';
import { ApiRefusal } from '../../parts/api.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';
import { Recover } from './guard/recover.tsx';
import { keyInAddress } from './key-in-address.ts';
import { Page } from './page.tsx';
import { useWallet } from './wallet-context.ts';

/** What a code of the operator's mends; it is asked for when settlement wants one. */
const INVITE_CODES: readonly string[] = ['INVITE_NEEDED', 'INVITE_REFUSED'];

export function NewPhone({ words }: { words: Words }) {
  return (
    <div class="start">
      <Gate />
      <Page title={words.enrol.title}>
        <p class="soft">{words.enrol.text}</p>
        <Start words={words} name={words.enrol.start} />
        <Recover words={words} />
      </Page>
    </div>
  );
}

export function Evicted({ words, account }: { words: Words; account: string }) {
  return (
    <div class="start">
      <Page title={words.evicted.title}>
        <p class="note bad" role="alert">
          {words.evicted.text(account)}
        </p>
        <Recover words={words} account={account} isOpen />
        <Start words={words} name={words.evicted.start} />
      </Page>
    </div>
  );
}

export function NoStorage({ words }: { words: Words }) {
  return (
    <div class="start">
      <Page title={words.noStorage.title}>
        <p class="note bad" role="alert">
          {words.noStorage.text}
        </p>
      </Page>
    </div>
  );
}

/** The mark of the house: a stile, with someone stepping over it. */
function Gate() {
  return (
    <svg class="mark" viewBox="0 0 512 512" aria-hidden="true">
      <rect width="512" height="512" rx="112" />
      <path d="M176 384V160M336 384V160M176 208h160M176 296h160" />
      <circle cx="256" cy="128" r="26" />
    </svg>
  );
}

function Start({ words, name }: { words: Words; name: string }) {
  const wallet = useWallet();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState('');
  const [isAsking, setAsking] = useState(false);
  const [invite, setInvite] = useState('');
  const begin = async () => {
    setBusy(true);
    setFailure('');
    try {
      await wallet.enrol(keyInAddress(), invite.trim() === '' ? null : invite.trim());
    } catch (error) {
      const isRefused = error instanceof ApiRefusal;
      if (isRefused && INVITE_CODES.includes(error.code)) setAsking(true);
      setFailure(isRefused ? failureText(error, words) : words.enrol.offline);
      setBusy(false);
    }
  };
  return (
    <>
      {isAsking && (
        <label>
          {words.enrol.invite}
          <input
            value={invite}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            onInput={(event) => setInvite(event.currentTarget.value)}
          />
        </label>
      )}
      <button type="button" class="wide" disabled={busy} onClick={() => void begin()}>
        {busy ? words.enrol.working : name}
      </button>
      {failure !== '' && (
        <p class="note bad" role="alert">
          {failure}
        </p>
      )}
    </>
  );
}
