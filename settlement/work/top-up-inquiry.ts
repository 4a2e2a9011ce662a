/**
 * Asks the provider of payments again about top-ups of which nobody knows yet, under their own keys, whether or not
 * their riders repeat. The money comes in once, whoever hears of it first.
 */
import type { Clock } from '@stile/host/clock.ts';
import { describeError } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import { isTopUpAlarming, type OpenTopUp } from '../core/money/top-up-inquiry.ts';
import type { Store } from '../store/port.ts';
import type { TopUpProvider } from './top-up-provider.ts';

/** Questions of one turn, one after the other: a provider that is in trouble is not run down. */
const QUESTIONS_MAX = 10;
/** A provider that has not answered by then has given no word. */
const ANSWER_MS_MAX = 20_000;
/** An alarm that stands is said again after so long. */
const ALARM_EVERY_MS = 900_000;

export type TopUpInquiryParts = {
  store: Pick<Store, 'listDueTopUps' | 'findOldestOpenTopUp' | 'endTopUp' | 'topUp'>;
  provider: TopUpProvider | null;
  issuer: number;
  currency: string;
  clock: Clock;
  log: Logger;
};

export function createTopUpInquiry(parts: TopUpInquiryParts) {
  const { store, provider, issuer, currency, clock, log } = parts;
  let nextAlarmMs = 0;

  async function askAbout({ account, key, amountCents }: OpenTopUp): Promise<void> {
    if (provider === null) return;
    const question = { account, key, amountCents, currency };
    const outcome = await within(ANSWER_MS_MAX, { clock, of: () => provider.pay(question) });
    const nowMs = clock.now().wallMs;
    if (outcome !== 'PAID') {
      await store.endTopUp({ account, key, state: outcome, nowMs });
      return;
    }
    const { kind } = await store.topUp({ issuer, account, key, amountCents, nowMs });
    if (kind === 'done') {
      log.info({ key, amountCents }, 'a top-up that had no word is in');
    } else if (kind !== 'repeated') {
      // It is tried again: the wallet may have room later.
      await store.endTopUp({ account, key, state: 'UNKNOWN', nowMs });
      log.error({ key, amountCents, kind }, 'a top-up is in, but does not fit the wallet');
    }
  }

  async function alarmOfAge(): Promise<void> {
    const { wallMs, monoMs } = clock.now();
    if (monoMs < nextAlarmMs) return;
    const oldest = await store.findOldestOpenTopUp();
    if (oldest === undefined || !isTopUpAlarming(oldest, wallMs)) return;
    nextAlarmMs = monoMs + ALARM_EVERY_MS;
    const { key, amountCents, begunAtMs, open } = oldest;
    const sinceS = Math.floor(begunAtMs / 1000);
    log.error(
      { open, sinceS, key, amountCents },
      'ALARM: top-ups have no word for long: ask the provider of payments about this key',
    );
  }

  return async function turn(): Promise<void> {
    await alarmOfAge();
    if (provider === null) return;
    const due = await store.listDueTopUps({ nowMs: clock.now().wallMs, limit: QUESTIONS_MAX });
    for (const one of due) {
      try {
        await askAbout(one);
      } catch (error) {
        // It stays due, and the others have their turn.
        log.error({ key: one.key, error: describeError(error) }, 'a top-up was not asked about');
      }
    }
  };
}

/** No word if it fails or takes too long. */
async function within(
  ms: number,
  { clock, of }: { clock: Clock; of: () => ReturnType<TopUpProvider['pay']> },
): ReturnType<TopUpProvider['pay']> {
  let cancel: () => void = () => undefined;
  const late = new Promise<'UNKNOWN'>((resolve) => {
    cancel = clock.alarm(clock.now().monoMs + ms, () => resolve('UNKNOWN'));
  });
  try {
    return await Promise.race([of(), late]);
  } catch {
    return 'UNKNOWN';
  } finally {
    cancel();
  }
}
