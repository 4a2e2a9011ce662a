/** What helps if this phone is lost: the recovery code, and the other phones of the account. */
import { useState } from 'preact/hooks';
import { timeText } from '../../../parts/money.ts';
import type { Enrolment } from '../../shell/vault.ts';
import type { Words } from '../../words/shape.ts';
import { failureText } from '../../words/words.ts';
import { useWallet } from '../wallet-context.ts';

export function RecoveryCard({ words }: { words: Words }) {
  const wallet = useWallet();
  const { phone, session, settlement, refresh, language, freshCode } = wallet;
  const [failure, setFailure] = useState('');
  const rider = phone.view.value?.rider;
  if (rider === undefined) return null;
  const { recovery } = words;
  const madeAtMs = rider.recoveryCodeMadeAtMs;
  const own = phone.enrolment.value?.serial;
  const phones = rider.passes.filter(({ ended }) => ended === null);
  const run = async (work: (token: string, holder: Enrolment) => Promise<void>) => {
    setFailure('');
    const holder = phone.enrolment.value;
    if (holder === null) return;
    try {
      await session.run((token) => work(token, holder));
      await refresh.readAccount();
    } catch (error) {
      setFailure(failureText(error, words));
    }
  };
  const makeCode = () =>
    run(async (token, holder) => {
      const { code } = await settlement.fetchRecoveryCode(token, holder);
      freshCode.value = { kind: 'recovery', code, isCovered: false };
    });
  const addPhone = () =>
    run(async (token, holder) => {
      const { code } = await settlement.fetchPhoneCode(token, holder);
      freshCode.value = { kind: 'phone', code, isCovered: false };
    });
  const isOnline = refresh.isOnline.value;
  const action = (text: string, work: () => Promise<void>) => (
    <button type="button" class="quiet" disabled={!isOnline} onClick={() => void work()}>
      {text}
    </button>
  );
  return (
    <section class="card stack" id="recovery">
      <h2>{recovery.title}</h2>
      <p class={madeAtMs === null ? 'note' : undefined}>
        {madeAtMs === null
          ? recovery.none
          : recovery.made(timeText(madeAtMs, language.current.value))}
      </p>
      {(rider.unconfirmedCodeMadeAtMs ?? null) !== null && (
        <p class="note" role="note" data-no-code="unconfirmed">
          {recovery.unconfirmed}
        </p>
      )}
      {(rider.earlierCodeUntilMs ?? null) !== null && (
        <p class="note" role="note" data-earlier-code>
          {recovery.earlier(timeText(rider.earlierCodeUntilMs ?? 0, language.current.value))}
        </p>
      )}
      {action(madeAtMs === null ? recovery.make : recovery.replace, makeCode)}
      <h2>{recovery.phones}</h2>
      <ul class="list">
        {phones.map(({ serial, addedBy }) => (
          <li key={serial}>
            <span>
              {recovery.phone(serial, serial === own)}
              {(addedBy ?? null) !== null && (
                <small data-joined={serial}> · {recovery.joined(addedBy ?? 0)}</small>
              )}
            </span>
            {serial !== own &&
              action(recovery.block, () =>
                run((token, holder) => settlement.blockPass(token, { holder, blocked: serial })),
              )}
          </li>
        ))}
      </ul>
      {phones.length > 1 && <p class="note">{recovery.blockNote}</p>}
      {action(recovery.add, addPhone)}
      {failure !== '' && (
        <p class="note bad" role="alert">
          {failure}
        </p>
      )}
    </section>
  );
}
