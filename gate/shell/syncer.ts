/**
 * Performs what core/sync.ts decides: sends batches, fetches lists, keeps the alarm. It owns the
 * exchange with settlement and nothing else; the gate opens and refuses without it.
 */
import { type SigningKey, sha256 } from '@stile/crypto/sign.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { writeBatch } from '@stile/protocol/gate-log.ts';
import type { Logger } from 'pino';
import {
  type SyncEffect,
  type SyncEvent,
  type SyncPace,
  type SyncState,
  syncStart,
  syncStep,
} from '../core/sync.ts';
import type { Clock } from './clock.ts';
import type { ListsFetcher, ListsOutcome } from './lists.ts';
import type { ReferenceStore } from './reference-store.ts';
import type { TapsStore } from './taps-store.ts';
import { type Uplink, UplinkFault } from './uplink.ts';

export type SyncerParts = {
  gate: string;
  key: SigningKey;
  taps: TapsStore;
  reference: ReferenceStore;
  uplink: Uplink;
  lists: ListsFetcher;
  clock: Clock;
  pace: SyncPace;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Logger;
  onLists: (outcome: ListsOutcome) => void;
  onFatal: (fault: Fault) => void;
};

export function createSyncer(parts: SyncerParts) {
  const { taps, reference, uplink, clock, log, pace } = parts;
  let state: SyncState = syncStart(clock.now().monoMs);
  let cancelAlarm: (() => void) | null = null;
  let closed = false;
  const underWay = new Set<Promise<void>>();

  function handle(event: SyncEvent): void {
    if (closed) return;
    const wasOnline = state.online;
    const step = syncStep(state, event, clock.now().monoMs, pace);
    state = step.state;
    if (state.online !== wasOnline) log.info({ online: state.online }, 'uplink');
    for (const effect of step.effects) perform(effect);
    cancelAlarm?.();
    cancelAlarm = Number.isFinite(step.wakeAtMs) ? clock.alarm(step.wakeAtMs, tick) : null;
  }

  function tick(): void {
    handle({ kind: 'tick', unconfirmed: taps.unconfirmed });
  }

  function perform(effect: SyncEffect): void {
    switch (effect.do) {
      case 'sendBatch':
        run(sendBatch(effect.lines));
        break;
      case 'fetchLists':
        run(fetchLists());
        break;
      case 'acknowledge':
        if (effect.epoch === taps.epoch) taps.acknowledge(effect.ackSeq);
        break;
    }
  }

  function run(work: Promise<void>): void {
    const settled = work.catch((error) => {
      parts.onFatal(
        error instanceof Fault ? error : new Fault('STORE_FAILED', describeError(error)),
      );
    });
    underWay.add(settled);
    void settled.finally(() => underWay.delete(settled));
  }

  async function sendBatch(lines: number): Promise<void> {
    const span = taps.readSpan(taps.ackSeq, lines);
    if (span === null) {
      throw new Fault('STORE_CORRUPT', `records after ${taps.ackSeq} are missing from the log`);
    }
    const { header, head } = span;
    const batch = writeBatch(header, span.lines, head, sha256, parts.key.sign);
    try {
      const answer = await uplink.sendBatch(parts.gate, batch);
      if (answer.kind === 'refused') {
        const { status, message } = answer;
        const { fromSeq, toSeq } = header;
        log.error({ status, message, fromSeq, toSeq }, 'settlement refuses a batch');
        handle({ kind: 'batchRefused', jitter: parts.random() });
        return;
      }
      const { reply } = answer;
      if (reply.ackSeq > taps.lastSeq || reply.gate !== parts.gate || reply.epoch !== taps.epoch) {
        throw new UplinkFault('settlement confirms what was never sent', null);
      }
      const odd = reply.items.filter((item) => item.ruling !== 'accepted');
      log.info({ fromSeq: header.fromSeq, toSeq: header.toSeq, ackSeq: reply.ackSeq }, 'synced');
      if (odd.length > 0) log.warn({ items: odd.slice(0, 20), more: odd.length > 20 }, 'rulings');
      const trust = reference.trust?.version ?? 0;
      const deny = reference.denyHead.version;
      const { ackSeq: ackedSeq, lastSeq } = taps;
      handle({ kind: 'replied', reply, ackedSeq, lastSeq, trust, deny });
    } catch (error) {
      if (!(error instanceof Fault) || error.code.startsWith('STORE')) throw error;
      log.debug({ error: error.message }, 'batch not delivered');
      const retryAfterMs = error instanceof UplinkFault ? error.retryAfterMs : null;
      handle({ kind: 'tapsFailed', jitter: parts.random(), retryAfterMs });
    }
  }

  async function fetchLists(): Promise<void> {
    try {
      const outcome = await parts.lists.refresh();
      if (outcome.changed) {
        const deny = reference.denyHead;
        log.info(
          { trust: reference.trust?.version, deny: deny.version, denied: deny.count },
          'lists',
        );
      }
      parts.onLists(outcome);
      handle({ kind: 'listsFetched' });
    } catch (error) {
      if (!(error instanceof Fault) || error.code.startsWith('STORE')) throw error;
      const level = error.code === 'LIST_REFUSED' ? 'error' : 'debug';
      log[level]({ error: error.message }, 'lists not fetched; the cached ones stay in force');
      const retryAfterMs = error instanceof UplinkFault ? error.retryAfterMs : null;
      handle({ kind: 'listsFailed', jitter: parts.random(), retryAfterMs });
    }
  }

  return {
    start: tick,
    onStored(): void {
      handle({ kind: 'stored' });
    },
    /** Sends and fetches at once instead of at the next due time. */
    wake(): void {
      handle({ kind: 'wanted' });
    },
    get online() {
      return state.online;
    },
    async close(): Promise<void> {
      closed = true;
      cancelAlarm?.();
      await Promise.all(underWay);
    },
  };
}
