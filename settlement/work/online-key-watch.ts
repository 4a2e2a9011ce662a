/**
 * Sees to it that there is an online key that gates believe: makes the next one while the root is here, and says
 * loudly, now and then, what only a person with the root can do.
 */
import type { Clock } from '@stile/host/clock.ts';
import type { Logger } from 'pino';
import type { OperatorKeys } from '../keys/operator-keys.ts';
import type { Store } from '../store/port.ts';

/** An alarm that stands is said again after so long. */
const ALARM_EVERY_MS = 900_000;
/** Gates that are named in it. */
const NAMES_MAX = 5;

export type OnlineKeyWatchParts = {
  store: Pick<Store, 'requestPublish'>;
  operatorKeys: Pick<OperatorKeys, 'keepAhead' | 'need' | 'gatesAhead' | 'refresh'>;
  clock: Clock;
  log: Logger;
};

/** To be called at each sweep. */
export function createOnlineKeyWatch({ store, operatorKeys, clock, log }: OnlineKeyWatchParts) {
  let nextEndMs = 0;
  let nextAheadMs = 0;

  function alarmOfEnd(monoMs: number): void {
    const { signsUntilS, isDue } = operatorKeys.need();
    if (!isDue || monoMs < nextEndMs) return;
    nextEndMs = monoMs + ALARM_EVERY_MS;
    const until = signsUntilS === null ? null : new Date(signsUntilS * 1000).toISOString();
    log.error({ until }, 'ALARM: the root has to certify a new online key: see "keys roots"');
  }

  /** A restored backup does not know what gates have heard since; nothing but the root's word ends that. */
  function alarmOfGatesAhead(monoMs: number): void {
    const { ahead, refusing } = operatorKeys.gatesAhead();
    if (ahead.length === 0 || monoMs < nextAheadMs) return;
    nextAheadMs = monoMs + ALARM_EVERY_MS;
    const gates = {
      ahead: ahead.length,
      refusing: refusing.length,
      some: ahead.slice(0, NAMES_MAX),
    };
    log.error(
      gates,
      'ALARM: gates have heard later words of the root than this settlement: carry a new request to the root',
    );
  }

  return async (): Promise<void> => {
    const added = await operatorKeys.keepAhead();
    const { wallMs, monoMs } = clock.now();
    if (added !== null) {
      const { number, notAfterS } = added;
      log.info({ number, notAfterS }, 'a new online key ahead of the end of the one before');
      // What the root may have said with it goes into the next list.
      await store.requestPublish(wallMs);
    }
    alarmOfEnd(monoMs);
    alarmOfGatesAhead(monoMs);
  };
}
