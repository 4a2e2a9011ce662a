/**
 * What settlement does in the background, one bounded piece at a time: a piece of waiting work, publishing
 * that was requested, the sweep. Whoever drives it, a loop in this process or another one, calls these.
 */

import type { Clock } from '@stile/host/clock.ts';
import type { Logger } from 'pino';
import { isAlarming } from '../core/rides/failed-work.ts';
import type { WorkTurn } from '../core/rides/outbox-changes.ts';
import type { TimeKeeper } from '../keys/kept-time.ts';
import type { Passes } from '../keys/passes.ts';
import type { Store } from '../store/port.ts';
import type { Leader } from './leader.ts';
import { createOnlineKeyWatch, type OnlineKeyWatchParts } from './online-key-watch.ts';
import type { Publisher } from './publisher.ts';
import type { DoPiece } from './shard-work.ts';

/** An alarm that stands is said again after so long. */
const ALARM_EVERY_MS = 900_000;

export type BackgroundParts = {
  store: Store;
  publisher: Publisher;
  passes: Pick<Passes, 'keepAhead' | 'refresh'>;
  /** What is done once for all is done by one process. */
  leader: Leader;
  /** Asks about top-ups without a word. */
  askAboutTopUps: () => Promise<void>;
  /** Takes away what was kept long enough. */
  retain: () => Promise<void>;
  operatorKeys: OnlineKeyWatchParts['operatorKeys'];
  timeKeeper: Pick<TimeKeeper, 'keep'>;
  /** A piece of the work; of processes that share it only those do pieces that are told to. */
  doPiece: DoPiece;
  clock: Clock;
  log: Logger;
};

export type Background = {
  /** One piece of the work that is next; says whether there was any and whether it could be done. */
  workOnce(): Promise<WorkTurn['kind']>;
  publishIfRequested(): Promise<void>;
  /** Asks about top-ups without a word; a provider may take its time. */
  askAboutTopUps(): Promise<void>;
  /** Takes away what was kept long enough, in small pieces. */
  retain(): Promise<void>;
  /** Removes what has expired and has the lists signed anew if they are old. */
  sweep(): Promise<void>;
};

export function createBackground(parts: BackgroundParts): Background {
  const { store, publisher, passes, askAboutTopUps, retain } = parts;
  const keepOnlineKeys = createOnlineKeyWatch(parts);
  const { doPiece, leader, clock, log } = parts;
  let nextAlarmMs = 0;

  async function alarmOfWork(): Promise<void> {
    const { wallMs, monoMs } = clock.now();
    const { failed, failedSinceMs, waiting, waitingSinceMs } = await store.countWork();
    const isLong = (sinceMs: number | null) => sinceMs !== null && isAlarming(sinceMs, wallMs);
    if (monoMs < nextAlarmMs || !(isLong(failedSinceMs) || isLong(waitingSinceMs))) return;
    nextAlarmMs = monoMs + ALARM_EVERY_MS;
    if (isLong(failedSinceMs)) {
      const sinceS = Math.floor((failedSinceMs ?? 0) / 1000);
      log.error({ failed, sinceS }, 'ALARM: work fails for long: see stile settlement failed-work');
    }
    if (isLong(waitingSinceMs)) {
      const sinceS = Math.floor((waitingSinceMs ?? 0) / 1000);
      log.error({ waiting, sinceS }, 'ALARM: work waits for long: does a worker run, and keep up?');
    }
  }

  return {
    async workOnce() {
      const done = await doPiece();
      if (done !== 'idle') return done;
      if (leader.term() === null) return 'idle';
      return (await store.judgeOnce(clock.now().wallMs)) === 'idle' ? 'idle' : 'worked';
    },
    async publishIfRequested() {
      if (leader.term() === null) return;
      const generation = await store.findPublishRequest();
      if (generation === undefined) return;
      const before = JSON.stringify(publisher.current().list.issuers);
      await publisher.publish();
      await passes.refresh();
      if (JSON.stringify(publisher.current().list.issuers) !== before) await store.judgeAllAgain();
      // A request that came in the meantime has another generation and stays.
      await store.closePublishRequest(generation);
      const { version, deny } = publisher.current().list;
      log.info({ trust: version, deny: deny.version, denied: deny.count }, 'lists published');
    },
    askAboutTopUps: async () => {
      if (leader.term() !== null) await askAboutTopUps();
    },
    retain: async () => {
      if (leader.term() !== null) await retain();
    },
    async sweep() {
      if (leader.term() === null) {
        await parts.operatorKeys.refresh();
        return;
      }
      await store.sweepExpired(clock.now().wallMs);
      await alarmOfWork();
      const added = await passes.keepAhead();
      if (added !== null) {
        const { keyId, signsFromS } = added;
        log.info({ keyId, signsFromS }, 'a new issuer key ahead of the end of the one before');
      }
      await keepOnlineKeys();
      await parts.timeKeeper.keep();
      if (publisher.isRefreshDue()) await store.requestPublish(clock.now().wallMs);
    },
  };
}
