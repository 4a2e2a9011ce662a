/** What stands over the codes when something is wrong, and what to do about it. */

import { ApiRefusal } from '../../parts/api.ts';
import { language } from '../../parts/language.ts';
import { moneyText, timeText } from '../../parts/money.ts';
import { denialOf } from '../core/account.ts';
import { isGrave, type Warning, warningsOf } from '../core/state.ts';
import { keepSeen, phone, seen } from '../shell/phone.ts';
import { isOnline, refusal } from '../shell/refresh.ts';
import { nowMs } from '../shell/ticker.ts';
import type { Words } from '../words/shape.ts';
import { failureText } from '../words/words.ts';

/** `besides`: what the page says in its own way. */
export function Warnings({ words, besides }: { words: Words; besides?: 'debt' }) {
  const { value: kept } = phone;
  const { value: last } = seen;
  if (kept === null) return null;
  const warnings = warningsOf({
    nowS: Math.floor(nowMs.value / 1000),
    isOnline: isOnline.value,
    pass: kept,
    clockOffsetS: last?.clockOffsetS ?? null,
    denied: last === null ? null : denialOf(last.rider, kept.serial),
    refusal: refusal.value,
    keyKind: kept.key.kind,
  });
  const isSaid = (warning: Warning) =>
    besides === 'debt' && warning.kind === 'denied' && warning.reason === 'DEBT';
  return (
    <>
      {warnings
        .filter((warning) => !isSaid(warning))
        .map((warning) => (
          <div
            key={warning.kind}
            role={isGrave(warning) ? 'alert' : 'note'}
            class={isGrave(warning) ? 'note bad' : 'note'}
            data-warning={warning.kind}
          >
            <p>{textOf(warning, words)}</p>
            {warning.kind === 'denied' && warning.reason === 'DEBT' && (
              <a class="link" href="#/money">
                {words.money.topUp}
              </a>
            )}
            {warning.kind === 'clockWrong' && !isOnline.value && (
              <button type="button" class="link" onClick={() => void believeClock()}>
                {words.warnings.clockSet}
              </button>
            )}
          </div>
        ))}
    </>
  );
}

/** Offline nobody can tell whether it was set meanwhile but the rider; online it is compared again. */
async function believeClock(): Promise<void> {
  if (seen.value !== null) await keepSeen({ ...seen.value, clockOffsetS: null });
}

function textOf(warning: Warning, words: Words): string {
  const { warnings } = words;
  const when = (atMs: number) => timeText(atMs, language.value);
  switch (warning.kind) {
    case 'passExpired':
      return warnings.passExpired(when(warning.expiresAtS * 1000));
    case 'passEndsSoon':
      return warnings.passEndsSoon(when(warning.expiresAtS * 1000));
    case 'denied': {
      const currency = seen.value?.currency ?? 'EUR';
      return warning.reason === 'DEBT'
        ? warnings.deniedDebt(moneyText(warning.debtCents, currency, language.value))
        : warnings.deniedOperator(warning.note);
    }
    case 'clockWrong': {
      const { aheadS } = warning;
      const far = aheadS > 0 ? warnings.fast(aheadS) : warnings.slow(-aheadS);
      return warnings.clockWrong(far, when(seen.value?.atMs ?? 0));
    }
    case 'refused':
      return failureText(new ApiRefusal(403, warning.code, warning.message), words);
    case 'keyInPage':
      return warnings.keyInPage;
  }
}
