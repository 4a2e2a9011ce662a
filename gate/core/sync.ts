/**
 * The uplink's state machine: when to send taps and fetch lists, and what a reply means. Pure.
 *
 * Two independent tracks share the same rules. `taps`: sends the oldest unconfirmed records until none
 * is left, then rests `syncEveryMs`: a tap goes up when the track is due and not when it is stored,
 * because batches cost less than single taps and no verdict waits for it. `lists`: fetches trust and deny lists every `listsEveryMs`, or at
 * once when a reply names a newer version. After a failure a track waits, full jitter over a doubling
 * span up to `BACKOFF_MS_MAX`; a server that says when to come back is obeyed within `BACKOFF_MS_MIN`
 * and the same bound.
 *
 * A reply that says that settlement has this log otherwise confirms nothing: what is not confirmed goes into a
 * new epoch and is sent again, at once the first time, later and later if that helps nothing.
 *
 * A gate that has nothing to send reports every `listsEveryMs` by an empty batch: a settlement that was restored
 * from a backup has lost records that were confirmed, and its watermark in the reply says so.
 *
 * Nothing here deletes. `acknowledge` says how far settlement has everything durable; records are kept
 * beyond that for as long as the store's ring lasts, because a restored server may go back.
 */
import { BATCH_RECORDS_MAX } from '@stile/protocol/gate-log.ts';
import type { BatchReply } from '@stile/protocol/sync.ts';

export const BACKOFF_MS_MIN = 1_000;
export const BACKOFF_MS_MAX = 300_000;

export type SyncPace = { syncEveryMs: number; listsEveryMs: number };

/** What settlement says of a batch whose epoch was opened by another key. */
const OTHER_KEY = 'EPOCH_OF_OTHER_KEY';
const OTHERWISE: readonly (string | undefined)[] = ['FORK', 'OTHER_BYTES'];

type Track = { busy: boolean; dueAtMs: number; failures: number };

export type SyncState = {
  taps: Track;
  lists: Track;
  /** Halved when settlement refuses a batch as a whole, restored by the next success. */
  batchRecords: number;
  /** When a gate without records asks how far its log has come. */
  reportDueAtMs: number;
  online: boolean;
};

export type SyncEvent =
  | { kind: 'tick'; unconfirmed: number }
  /** Somebody knows that the network is back: try now. */
  | { kind: 'wanted' }
  | {
      kind: 'replied';
      reply: BatchReply;
      /** What was confirmed before this reply. */
      ackedSeq: number;
      lastSeq: number;
      /** When settlement signed that, by its clock. */
      atS: number;
      /** Whether what settlement has up to `ackSeq` is this log: by its signed head. */
      isOwnHead: boolean;
      trust: number;
      deny: number;
      jitter: number;
    }
  | { kind: 'batchRefused'; code: string; jitter: number }
  /** Something that the gate is about to store speaks of a record of the present epoch. */
  | { kind: 'epochPostponed' }
  | { kind: 'tapsFailed'; jitter: number; retryAfterMs: number | null }
  | { kind: 'listsFetched' }
  | { kind: 'listsFailed'; jitter: number; retryAfterMs: number | null };

type Replied = Extract<SyncEvent, { kind: 'replied' }>;

export type SyncEffect =
  | { do: 'sendBatch'; records: number }
  /** An empty batch: what lists are in force here, and how far has the log come? */
  | { do: 'sendReport' }
  | { do: 'fetchLists' }
  /** `atS`: settlement's clock, as it signed. */
  | { do: 'acknowledge'; epoch: string; ackSeq: number; atS: number }
  | { do: 'beginEpoch'; why: string };

export type SyncContext = { monoMs: number; pace: SyncPace };

export type SyncStep = { state: SyncState; effects: readonly SyncEffect[]; wakeAtMs: number };

export function syncStart({ monoMs, pace }: SyncContext): SyncState {
  const track = { busy: false, dueAtMs: monoMs, failures: 0 };
  const reportDueAtMs = monoMs + pace.listsEveryMs;
  return {
    taps: track,
    lists: track,
    batchRecords: BATCH_RECORDS_MAX,
    reportDueAtMs,
    online: false,
  };
}

export function syncStep(state: SyncState, event: SyncEvent, context: SyncContext): SyncStep {
  const { monoMs, pace } = context;
  switch (event.kind) {
    case 'tick':
      return onTick(state, event.unconfirmed, context);
    case 'wanted': {
      const taps = { ...state.taps, dueAtMs: Math.min(state.taps.dueAtMs, monoMs) };
      const lists = { ...state.lists, dueAtMs: Math.min(state.lists.dueAtMs, monoMs) };
      return finish({ ...state, taps, lists, reportDueAtMs: monoMs }, []);
    }
    case 'replied':
      return onReply(state, event, context);
    case 'epochPostponed': {
      const taps = { ...state.taps, dueAtMs: monoMs + BACKOFF_MS_MIN };
      return finish({ ...state, taps }, []);
    }
    case 'batchRefused': {
      if (event.code === OTHER_KEY) return beginEpoch(state, event.code, { ...event, monoMs });
      const batchRecords = Math.max(1, Math.floor(state.batchRecords / 2));
      // Down to one record the refusal is about that record: wait for a person, but keep trying.
      const waitMs = state.batchRecords === 1 ? BACKOFF_MS_MAX : backoffMs(0, event.jitter);
      const taps = { busy: false, dueAtMs: monoMs + waitMs, failures: state.taps.failures + 1 };
      return finish({ ...state, taps, batchRecords, online: true }, []);
    }
    case 'tapsFailed':
      return finish(
        { ...state, taps: failed(state.taps, { ...event, monoMs }), online: false },
        [],
      );
    case 'listsFetched': {
      const lists = { busy: false, dueAtMs: monoMs + pace.listsEveryMs, failures: 0 };
      return finish({ ...state, lists, online: true }, []);
    }
    case 'listsFailed':
      return finish({ ...state, lists: failed(state.lists, { ...event, monoMs }) }, []);
  }
}

function onTick(state: SyncState, unconfirmed: number, { monoMs, pace }: SyncContext): SyncStep {
  const effects: SyncEffect[] = [];
  let next = state;
  if (!next.taps.busy && monoMs >= next.taps.dueAtMs) {
    if (unconfirmed > 0) {
      effects.push({ do: 'sendBatch', records: next.batchRecords });
      next = { ...next, taps: { ...next.taps, busy: true } };
    } else if (monoMs >= next.reportDueAtMs) {
      effects.push({ do: 'sendReport' });
      next = { ...next, taps: { ...next.taps, busy: true } };
    } else {
      next = { ...next, taps: { ...next.taps, dueAtMs: monoMs + pace.syncEveryMs } };
    }
  }
  if (!next.lists.busy && monoMs >= next.lists.dueAtMs) {
    effects.push({ do: 'fetchLists' });
    next = { ...next, lists: { ...next.lists, busy: true } };
  }
  return finish(next, effects);
}

function onReply(state: SyncState, event: Replied, { monoMs, pace }: SyncContext): SyncStep {
  const { reply, lastSeq, atS } = event;
  const why = findDivision(event);
  if (why !== null) return beginEpoch(state, why, { ...event, monoMs });
  // Without progress (or going back, after a restore) the same batch could come back at once, for
  // ever: rest first.
  const more = reply.ackSeq < lastSeq && reply.ackSeq > event.ackedSeq;
  const taps = { busy: false, dueAtMs: more ? monoMs : monoMs + pace.syncEveryMs, failures: 0 };
  const newer = reply.trustVersion > event.trust || reply.denyVersion > event.deny;
  const lists =
    newer && !state.lists.busy && state.lists.failures === 0
      ? { ...state.lists, dueAtMs: monoMs }
      : state.lists;
  const reportDueAtMs = monoMs + pace.listsEveryMs;
  return finish({ taps, lists, batchRecords: BATCH_RECORDS_MAX, reportDueAtMs, online: true }, [
    { do: 'acknowledge', epoch: reply.epoch, ackSeq: reply.ackSeq, atS },
  ]);
}

/** Why settlement cannot have got its records of this epoch from this log alone, or null. */
function findDivision({ reply, lastSeq, isOwnHead }: Replied): string | null {
  const { items, ackSeq } = reply;
  if (ackSeq > lastSeq) return `it has ${ackSeq} records of ${lastSeq}`;
  if (isOwnHead) return null;
  // Rulings are not signed: they only name what the signed head has shown.
  const other = items.find(({ reason }) => OTHERWISE.includes(reason));
  return other === undefined ? `another head at ${ackSeq}` : `${other.reason} at ${other.seq}`;
}

function beginEpoch(
  state: SyncState,
  why: string,
  { jitter, monoMs }: { jitter: number; monoMs: number },
): SyncStep {
  const { failures } = state.taps;
  const waitMs = failures === 0 ? 0 : backoffMs(failures, jitter);
  const taps = { busy: false, dueAtMs: monoMs + waitMs, failures: failures + 1 };
  return finish({ ...state, taps, online: true }, [{ do: 'beginEpoch', why }]);
}

function failed(
  track: Track,
  event: { jitter: number; retryAfterMs: number | null; monoMs: number },
): Track {
  const waitMs =
    event.retryAfterMs === null
      ? backoffMs(track.failures, event.jitter)
      : Math.min(Math.max(event.retryAfterMs, BACKOFF_MS_MIN), BACKOFF_MS_MAX);
  return { busy: false, dueAtMs: event.monoMs + waitMs, failures: track.failures + 1 };
}

/** Full jitter: a uniform share (`jitter` in [0, 1)) of a span that doubles with each failure. */
export function backoffMs(failures: number, jitter: number): number {
  const spanMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures, 20));
  return Math.ceil(spanMs * jitter);
}

function finish(state: SyncState, effects: readonly SyncEffect[]): SyncStep {
  const { taps, lists } = state;
  const due = [taps, lists].filter((track) => !track.busy).map((track) => track.dueAtMs);
  // While both tracks wait for replies there is nothing to do; they bring the next step.
  const wakeAtMs = due.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...due);
  return { state, effects, wakeAtMs };
}
