/** What stands over the codes when something is wrong, and what to do about it. */
import { ApiRefusal } from '../../parts/api.ts';
import { moneyText, timeText } from '../../parts/money.ts';
import { allowanceOf, denialOf, isRevoked } from '../core/account.ts';
import { isGrave, type Warning, warningsOf } from '../core/state.ts';
import type { Wallet } from '../shell/wallet.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';
import { useWallet } from './wallet-context.ts';

/** `besides`: what the page says in its own way. */
export function Warnings({ words, besides }: { words: Words; besides?: 'debt' }) {
  const wallet = useWallet();
  const { phone, refresh, nowMs } = wallet;
  const { value: enrolment } = phone.enrolment;
  const { value: view } = phone.view;
  const isOnline = refresh.isOnline.value;
  if (enrolment === null) return null;
  const warnings = warningsOf({
    nowS: Math.floor(nowMs.value / 1000),
    isOnline,
    pass: { ...enrolment, allowance: allowanceOf(enrolment.pass) },
    offered: view?.rider.offline.allowance ?? null,
    clockOffsetS: view?.clockOffsetS ?? null,
    denied: view === null ? null : denialOf(view.rider, enrolment.serial),
    revoked: view !== null && isRevoked(view.rider, enrolment.pass),
    refusal: refresh.refusal.value,
    keyKind: enrolment.key.kind,
    isEnded: enrolment.isEnded === true,
  });
  const isSaidByPage = (warning: Warning) =>
    besides === 'debt' && warning.kind === 'denied' && warning.reason === 'DEBT';
  return (
    <>
      {warnings
        .filter((warning) => !isSaidByPage(warning))
        .map((warning) => (
          <div
            key={warning.kind}
            role={isGrave(warning) ? 'alert' : 'note'}
            class={isGrave(warning) ? 'note bad' : 'note'}
            data-warning={warning.kind}
          >
            <p>{textOf(warning, { words, wallet })}</p>
            {warning.kind === 'ended' && (
              <a class="link" href="#/more">
                {words.more.forget}
              </a>
            )}
            {isPaidAway(warning) && (
              <a class="link" href="#/money">
                {words.money.topUp}
              </a>
            )}
            {warning.kind === 'clockWrong' && !isOnline && (
              <button type="button" class="link" onClick={() => void believeClock(wallet)}>
                {words.warnings.clockSet}
              </button>
            )}
          </div>
        ))}
    </>
  );
}

/** Money helps. */
function isPaidAway(warning: Warning): boolean {
  return (
    warning.kind === 'noOfflineRides' || (warning.kind === 'denied' && warning.reason === 'DEBT')
  );
}

/** Offline nobody can tell whether it was set meanwhile but the rider; online it is compared again. */
async function believeClock({ phone }: Wallet): Promise<void> {
  const { value: view } = phone.view;
  if (view !== null) await phone.storeView({ ...view, clockOffsetS: null });
}

type Telling = { words: Words; wallet: Wallet };

function textOf(warning: Warning, { words, wallet }: Telling): string {
  const { warnings } = words;
  const language = wallet.language.current.value;
  const { value: view } = wallet.phone.view;
  const when = (atMs: number) => timeText(atMs, language);
  switch (warning.kind) {
    case 'ended':
      return words.failures.PASS_ENDED ?? '';
    case 'passExpired':
      return warnings.passExpired(when(warning.expiresAtS * 1000));
    case 'keyRevoked':
      return warnings.keyRevoked;
    case 'noOfflineRides':
      return warnings.noOfflineRides;
    case 'passEndsSoon':
      return warnings.passEndsSoon(when(warning.expiresAtS * 1000));
    case 'denied': {
      const currency = view?.currency ?? 'EUR';
      return warning.reason === 'DEBT'
        ? warnings.deniedDebt(moneyText(warning.debtCents, { currency, language }))
        : warnings.deniedOperator(warning.note);
    }
    case 'clockWrong': {
      const { aheadS } = warning;
      const far = aheadS > 0 ? warnings.fast(aheadS) : warnings.slow(-aheadS);
      return warnings.clockWrong(far, when(view?.atMs ?? 0));
    }
    case 'refused':
      return failureText(
        new ApiRefusal({ status: 403, code: warning.code, message: warning.message }),
        words,
      );
    case 'keyInPage':
      return warnings.keyInPage;
  }
}
