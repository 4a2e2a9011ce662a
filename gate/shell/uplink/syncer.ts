/**
 * Performs what core/sync.ts decides: sends batches, fetches lists, keeps the alarm. It owns the
 * exchange with settlement and nothing else; the gate opens and refuses without it.
 */
import { type SigningKey, sha256 } from '@stile/crypto/sign.ts';
import type { Clock } from '@stile/host/clock.ts';
import { asFault } from '@stile/host/fault.ts';
import type { Random } from '@stile/host/random.ts';
import { Fault, type FaultCode } from '@stile/protocol/fault.ts';
import { type HeldLists, writeBatch } from '@stile/protocol/gate-log.ts';
import { SignerUnknown } from '@stile/protocol/root-trust.ts';
import type { Logger } from 'pino';
import {
  type SyncEffect,
  type SyncEvent,
  type SyncPace,
  type SyncState,
  syncStart,
  syncStep,
} from '../../core/sync.ts';
import type { ReferenceStore } from '../store/reference-store.ts';
import type { LogSpan, TapsStore } from '../store/taps-store.ts';
import type { ListsFetcher } from './lists.ts';
import { type BatchResult, type Uplink, UplinkFault } from './uplink.ts';

const NONCE_BYTES = 16;
/** Of a thief, or of settlement after a restore, whose keys have ended here. */
const FORGED_LISTS = 'ALARM: lists are offered that no key has signed which is believed';

const NEWS: readonly FaultCode[] = ['LIST_REFUSED', 'UPLINK_REFUSED', 'STORE_FULL'];

type Replied = Extract<BatchResult, { kind: 'replied' }>;

export type SyncerParts = {
  gate: string;
  key: SigningKey;
  taps: TapsStore;
  reference: ReferenceStore;
  uplink: Uplink;
  lists: ListsFetcher;
  clock: Clock;
  pace: SyncPace;
  random: Pick<Random, 'fraction' | 'hex'>;
  heldLists: () => HeldLists;
  log: Logger;
  /** Nothing that is about to be stored speaks of an earlier record. */
  isQuiet: () => boolean;
  /** A new epoch of the log has begun, in the place of this one. */
  onEpoch: (before: string) => void;
  onFatal: (fault: Fault) => void;
};

export function createSyncer(parts: SyncerParts): Syncer {
  return new Syncer(parts);
}

export class Syncer {
  readonly #parts: SyncerParts;
  readonly #underWay = new Set<Promise<void>>();
  #state: SyncState;
  #cancelAlarm: (() => void) | null = null;
  #closed = false;

  constructor(parts: SyncerParts) {
    this.#parts = parts;
    this.#state = syncStart({ monoMs: parts.clock.now().monoMs, pace: parts.pace });
  }

  get online(): boolean {
    return this.#state.online;
  }

  start(): void {
    this.#tick();
  }

  /** Sends and fetches at once instead of at the next due time. */
  wake(): void {
    this.#handle({ kind: 'wanted' });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelAlarm?.();
    await Promise.all(this.#underWay);
  }

  #tick(): void {
    this.#handle({ kind: 'tick', unconfirmed: this.#parts.taps.unconfirmed });
  }

  #handle(event: SyncEvent): void {
    if (this.#closed) return;
    const { clock, pace, log } = this.#parts;
    const wasOnline = this.#state.online;
    const step = syncStep(this.#state, event, { monoMs: clock.now().monoMs, pace: pace });
    this.#state = step.state;
    if (this.#state.online !== wasOnline) log.info({ online: this.#state.online }, 'uplink');
    for (const effect of step.effects) this.#perform(effect);
    this.#cancelAlarm?.();
    this.#cancelAlarm = Number.isFinite(step.wakeAtMs)
      ? clock.alarm(step.wakeAtMs, () => this.#tick())
      : null;
  }

  #perform(effect: SyncEffect): void {
    const { taps } = this.#parts;
    switch (effect.do) {
      case 'sendBatch':
        this.#run(this.#sendBatch(effect.records));
        break;
      case 'sendReport':
        this.#run(this.#sendReport());
        break;
      case 'fetchLists':
        this.#run(this.#fetchLists());
        break;
      case 'acknowledge':
        if (effect.epoch === taps.epoch) this.#acknowledge(effect);
        break;
      case 'beginEpoch':
        this.#beginEpoch(effect.why);
        break;
    }
  }

  /** Without room nothing is confirmed here: the same records are sent again, later and later. */
  #acknowledge(effect: Extract<SyncEffect, { do: 'acknowledge' }>): void {
    const { taps, random } = this.#parts;
    const isNoted = this.#write('what settlement has confirmed is not noted', () =>
      taps.acknowledge(effect.ackSeq, effect),
    );
    if (isNoted) return;
    this.#handle({ kind: 'tapsFailed', jitter: random.fraction(), retryAfterMs: null });
  }

  /** Whether it could be. Room may come again; every other failure of a disk is final. */
  #write(otherwise: string, write: () => void): boolean {
    const { log, onFatal } = this.#parts;
    try {
      write();
      return true;
    } catch (error) {
      const fault = asFault(error);
      if (fault.code === 'STORE_FULL') log.error({ error: fault.message }, otherwise);
      else onFatal(fault);
      return false;
    }
  }

  #beginEpoch(why: string): void {
    const { taps, log, isQuiet, onEpoch } = this.#parts;
    const { epoch: before } = taps;
    const begins = () => this.#write('no new epoch yet', () => taps.beginEpoch());
    if (!isQuiet() || !begins()) {
      this.#handle({ kind: 'epochPostponed' });
      return;
    }
    this.#write('the new epoch has no note', () => onEpoch(before));
    const { epoch, unconfirmed } = taps;
    log.error(
      { why, before, epoch, unconfirmed },
      'settlement has this log otherwise: a new epoch',
    );
  }

  #run(work: Promise<void>): void {
    const settled = work.catch((error) => {
      this.#parts.onFatal(asFault(error));
    });
    this.#underWay.add(settled);
    void settled.finally(() => this.#underWay.delete(settled));
  }

  async #sendBatch(records: number): Promise<void> {
    const { taps } = this.#parts;
    const span = taps.readSpan(taps.ackSeq, records);
    if (span === null) {
      throw new Fault('STORE_CORRUPT', `records after ${taps.ackSeq} are missing from the log`);
    }
    await this.#exchange(span);
  }

  async #sendReport(): Promise<void> {
    await this.#exchange(this.#parts.taps.emptySpan());
  }

  async #exchange({ header, records, head }: LogSpan): Promise<void> {
    const { uplink, gate, key, log, random, heldLists } = this.#parts;
    const { fromSeq, toSeq } = header;
    const lists = heldLists();
    const batch = writeBatch({ ...header, lists }, { records, head, sha256, key });
    try {
      const nonce = random.hex(NONCE_BYTES);
      const result = await uplink.sendBatch(gate, { batch, nonce });
      if (result.kind === 'refused') {
        const { status, code, message } = result;
        log.error({ status, message, fromSeq, toSeq }, 'settlement refuses a batch');
        this.#handle({ kind: 'batchRefused', code, jitter: random.fraction() });
        return;
      }
      this.#onReply(result, { fromSeq, toSeq });
    } catch (error) {
      if (!isPassing(error)) throw error;
      log.debug({ error: error.message }, 'batch not delivered');
      this.#handle({
        kind: 'tapsFailed',
        jitter: random.fraction(),
        retryAfterMs: retryAfterMs(error),
      });
    }
  }

  #onReply(
    { reply, receipt, clockError }: Replied,
    sent: { fromSeq: number; toSeq: number },
  ): void {
    const { taps, reference, gate, log, random } = this.#parts;
    if (reply.gate !== gate || reply.epoch !== taps.epoch) {
      throw new UplinkFault('settlement answers for another log');
    }
    const odd = reply.items.filter((item) => item.ruling !== 'accepted');
    // Its own error, too large by no more than the exchange took.
    const clockErrorMs = clockError.maxMs;
    const atLeastMs = clockError.minMs;
    log.info({ ...sent, ackSeq: reply.ackSeq, clockErrorMs, atLeastMs }, 'synced');
    if (odd.length > 0) log.warn({ items: odd.slice(0, 20), more: odd.length > 20 }, 'rulings');
    const trust = reference.trust?.version ?? 0;
    const deny = reference.denyHead.version;
    const { ackSeq: ackedSeq, lastSeq } = taps;
    const jitter = random.fraction();
    const isOwnHead = taps.isOwnHead(receipt.ackSeq, receipt.head);
    const own = { ackedSeq, lastSeq, isOwnHead, atS: Math.floor(receipt.atMs / 1000) };
    this.#handle({ kind: 'replied', reply, ...own, trust, deny, jitter });
  }

  async #fetchLists(): Promise<void> {
    const { lists, reference, log, random } = this.#parts;
    try {
      const outcome = await lists.refresh();
      if (outcome.changed) {
        const { version: deny, count: denied } = reference.denyHead;
        log.info({ trust: reference.trust?.version, deny, denied }, 'lists');
      }
      this.#handle({ kind: 'listsFetched' });
    } catch (error) {
      if (!isPassing(error)) throw error;
      // No network is no news; what does not mend itself is.
      const level = NEWS.includes(error.code) ? 'error' : 'debug';
      const what = error.cause instanceof SignerUnknown ? FORGED_LISTS : 'lists not fetched';
      log[level]({ error: error.message }, `${what}; the cached ones stay in force`);
      this.#handle({
        kind: 'listsFailed',
        jitter: random.fraction(),
        retryAfterMs: retryAfterMs(error),
      });
    }
  }
}

/** What mends itself, also a disk without room; whatever else a disk says is final. */
function isPassing(error: unknown): error is Fault {
  if (!(error instanceof Fault)) return false;
  return error.code === 'STORE_FULL' || !error.code.startsWith('STORE');
}

function retryAfterMs(fault: Fault): number | null {
  return fault instanceof UplinkFault ? fault.retryAfterMs : null;
}
