/** What a pass says besides its code: whose it is, what is on it, the last ride, and until when it goes without a network. */
import { moneyText, timeText } from '../../parts/money.ts';
import { allowanceOf, lastRideOf } from '../core/account.ts';
import { serverNowMs } from '../core/state.ts';
import type { AccountView } from '../shell/vault.ts';
import type { Words } from '../words/shape.ts';
import { noteOf } from './statement-texts.ts';
import { useWallet } from './wallet-context.ts';

export function PassFacts({ words }: { words: Words }) {
  const { clock, phone, language } = useWallet();
  const { value: enrolment } = phone.enrolment;
  const { value: view } = phone.view;
  if (enrolment === null) return null;
  const expiresAtMs = enrolment.expiresAtS * 1000;
  const isGood = serverNowMs(clock.now().wallMs, view) <= expiresAtMs;
  const rides = words.ride.rides(allowanceOf(enrolment.pass));
  return (
    <section class="card pass stack">
      {view !== null && <Money words={words} view={view} />}
      {isGood && (
        <details>
          <summary>
            <strong>{words.ride.goOnline(timeText(expiresAtMs, language.current.value))}</strong>{' '}
            <span class="small soft">{words.ride.goOnlineTitle}</span>
          </summary>
          <p class="small">{words.ride.goOnlineText(rides)}</p>
        </details>
      )}
    </section>
  );
}

function Money({ words, view }: { words: Words; view: AccountView }) {
  const language = useWallet().language.current.value;
  const cents = (amount: number) => moneyText(amount, { currency: view.currency, language });
  const last = lastRideOf(view.statement);
  const note = last && noteOf(last, words);
  return (
    <>
      {view.operator !== undefined && <h2 data-operator>{view.operator}</h2>}
      <dl class="facts two">
        <div>
          <dt>{words.ride.balance}</dt>
          <dd data-pass-balance={view.rider.balanceCents}>{cents(view.rider.balanceCents)}</dd>
        </div>
        <div>
          <dt>{words.ride.lastRide}</dt>
          <dd data-last-ride={last?.amountCents}>
            {last === undefined ? (
              words.ride.noRide
            ) : (
              <>
                {cents(last.amountCents)}
                {last.line !== null && ` · ${words.money.line(last.line)}`}
                <br />
                <small>{timeText(last.riddenAtMs ?? last.chargedAtMs, language)}</small>
                {note !== undefined && <small> {note}</small>}
              </>
            )}
          </dd>
        </div>
      </dl>
    </>
  );
}
