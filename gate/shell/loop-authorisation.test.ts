/** The loop with real stores and payment codes. */
import { once } from 'node:events';
import { systemClock } from '@stile/host/clock.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { AUTHORISATION_REASON_WORDS, REASON_WORDS } from '@stile/protocol/reasons.ts';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AttemptResult, AuthorisationRequest } from '../core/authorisation.ts';
import { ANSWER_RETRY_MS } from '../core/gate.ts';
import { CHECKING_WORDS, IDLE_WORDS, OPEN_WORDS } from '../core/gate-state.ts';
import type { Use } from '../core/tap.ts';
import { type GateOptions, gateWith, readyGate, TIMING } from '../testing/loop.ts';
import { gateKey, makeText, rootKey, strangerKey, trustIn } from '../testing/phone.ts';
import {
  answerPaid,
  answerRefused,
  cutOff,
  hang,
  PAYMENTS_PATH,
  type Respond,
  requestIn,
  say,
  startSettlement,
} from '../testing/settlement.ts';
import type { RecordDraft, Stamp, TapsStore } from './store/taps-store.ts';
import { type Authoriser, createAuthoriser } from './uplink/authoriser.ts';
import { createUplink } from './uplink/uplink.ts';

const CODE = '71123456788765432194';
const PAID: AttemptResult = { kind: 'paid', fareCents: 320 };
const LOST: AttemptResult = { kind: 'failed', sent: true, retryAfterMs: null, doubt: null };
const settled = () => new Promise<void>((resume) => setImmediate(resume));

/** An authoriser whose results a test gives when it likes. */
function authoriserByHand() {
  const requests: {
    request: AuthorisationRequest;
    timeoutMs: number;
    answer: (result: AttemptResult) => void;
  }[] = [];
  const port: { isKnownDown: boolean } & Authoriser = {
    isKnownDown: false,
    attempt: (request, timeoutMs) =>
      new Promise<AttemptResult>((answer) => requests.push({ request, timeoutMs, answer })),
  };
  async function answer(result: AttemptResult): Promise<void> {
    requests.at(-1)?.answer(result);
    await settled();
  }
  return { requests, port, answer };
}

async function authorisingGate(options: GateOptions = {}) {
  const { requests, port, answer } = authoriserByHand();
  const gate = await readyGate({ ...options, authoriser: port });
  gate.loop.start();
  return { ...gate, requests, port, answer };
}

describe('a payment code', () => {
  test('is asked about with its ask on disk, and opens with its answer on disk', async () => {
    const gate = await authorisingGate();
    gate.scan(CODE);
    expect(gate.recordsOnDisk()).toMatchObject([
      { kind: 'ask', seq: 1, id: gate.requests[0]?.request.id, way: 'PAYMENT_CODE', line: 'M1' },
    ]);
    expect(JSON.stringify(gate.recordsOnDisk()), 'the code is not kept').not.toContain(CODE);
    expect(gate.requests).toMatchObject([{ request: { code: CODE }, timeoutMs: 1_000 }]);
    expect(gate.moves).toEqual([]);
    await gate.answer(PAID);
    const answered = { kind: 'answer', seq: 2, of: 1, verdict: 'open', fareCents: 320 };
    expect(gate.moves).toMatchObject([{ what: 'open', onDisk: answered }]);
    expect(gate.screens).toEqual([IDLE_WORDS, CHECKING_WORDS, OPEN_WORDS]);
    gate.clock.advance(10_000);
    expect(gate.moves.map(({ what }) => what)).toEqual(['open', 'close']);
    expect(gate.clock.alarms).toBe(0);
    expect(gate.loop.counts).toMatchObject({ open: 1, refuse: 0 });
  });

  test('with an answer that is slow is refused at the end of the budget, whatever comes then', async () => {
    const gate = await authorisingGate();
    gate.scan(CODE);
    gate.clock.advance(TIMING.payBudgetMs);
    expect(gate.verdicts()).toEqual(['ask', 'NO_ANSWER']);
    expect(gate.screens.at(-1)).toEqual(AUTHORISATION_REASON_WORDS.NO_ANSWER);
    await gate.answer(PAID);
    expect(gate.verdicts()).toEqual(['ask', 'NO_ANSWER']);
    expect(gate.moves).toEqual([]);
  });

  test('with the network known to be down is refused at once, and nothing is stored', async () => {
    const gate = await authorisingGate();
    gate.port.isKnownDown = true;
    gate.scan(CODE);
    expect(gate.screens.at(-1)).toEqual(AUTHORISATION_REASON_WORDS.NO_NETWORK);
    expect(gate.requests).toEqual([]);
    expect(gate.recordsOnDisk()).toEqual([]);
    expect(gate.loop.counts.unasked).toBe(1);
  });

  test('without a barrier is refused at once; where it goes meanwhile, the answer refuses', async () => {
    const gate = await authorisingGate();
    gate.barrier.connected = false;
    gate.scan(CODE);
    expect(gate.screens.at(-1)).toEqual(AUTHORISATION_REASON_WORDS.OUT_OF_ORDER);
    gate.barrier.connected = true;
    gate.clock.advance(TIMING.presentationMs);
    gate.scan(CODE);
    gate.barrier.connected = false;
    await gate.answer(PAID);
    expect(gate.recordsOnDisk()).toMatchObject([
      { kind: 'ask' },
      { kind: 'answer', verdict: 'refuse', reason: 'OUT_OF_ORDER', fareCents: 320 },
    ]);
    expect(gate.moves).toEqual([]);
  });

  test('is not in the way of a transit code', async () => {
    const gate = await authorisingGate();
    gate.scan(CODE);
    gate.scan(makeText({ counter: 1 }));
    expect(gate.moves).toMatchObject([{ what: 'open', onDisk: { kind: 'tap' } }]);
    gate.scan('72111111111111111107');
    expect(gate.screens.at(-1)).toEqual(AUTHORISATION_REASON_WORDS.BUSY);
    await gate.answer(PAID);
    expect(gate.verdicts()).toEqual(['ask', 'open', 'open']);
    expect(gate.recordsOnDisk()[2]).toMatchObject({ kind: 'answer', of: 1 });
    expect(gate.moves.map(({ what }) => what)).toEqual(['open', 'open']);
  });

  test('whose barrier fails is made void on disk', async () => {
    const gate = await authorisingGate({ open: () => Promise.reject(new Error('unplugged')) });
    gate.scan(CODE);
    await gate.answer(PAID);
    await settled();
    expect(gate.recordsOnDisk()).toMatchObject([
      { kind: 'ask', seq: 1 },
      { kind: 'answer', seq: 2, of: 1, verdict: 'open' },
      { kind: 'void', seq: 3, of: 2, reason: 'BARRIER_FAILED' },
    ]);
    expect(gate.screens.at(-1)).toEqual(REASON_WORDS.OUT_OF_ORDER);
  });

  test('in flight when the gate stops is refused on disk, and its answer is nothing', async () => {
    const gate = await authorisingGate();
    gate.scan(CODE);
    gate.loop.close();
    expect(gate.verdicts()).toEqual(['ask', 'NO_ANSWER']);
    await gate.answer(PAID);
    expect(gate.verdicts()).toEqual(['ask', 'NO_ANSWER']);
    expect(gate.moves).toEqual([]);
    expect(gate.clock.alarms).toBe(0);
  });
});

describe('when the disk fails', () => {
  /** A store whose next writes of this kind fail. */
  type Failure = { code: 'STORE_FULL' | 'STORE_FAILED'; times: number };
  const failing = (kind: 'ask' | 'answer', { code, times }: Failure) => {
    let left = times;
    return (real: TapsStore) => {
      const append = real.append.bind(real);
      return Object.assign(real, {
        append: (draft: RecordDraft, write: { at: Stamp; use?: Use | null }) => {
          if (draft.kind === kind && left-- > 0) throw new Fault(code, 'no room');
          return append(draft, write);
        },
      });
    };
  };

  test('an ask that cannot be stored is not asked', async () => {
    const gate = await authorisingGate({ taps: failing('ask', { code: 'STORE_FULL', times: 1 }) });
    gate.scan(CODE);
    expect(gate.requests).toEqual([]);
    expect(gate.screens.at(-1)).toEqual(REASON_WORDS.STORAGE_FAILED);
    expect(gate.fatal).toEqual([]);
  });

  test('an answer that cannot be stored opens nothing; the ask is refused when there is room', async () => {
    const gate = await authorisingGate({
      taps: failing('answer', { code: 'STORE_FULL', times: 2 }),
    });
    gate.scan(CODE);
    await gate.answer(PAID);
    expect(gate.moves).toEqual([]);
    expect(gate.screens.at(-1)).toEqual(REASON_WORDS.STORAGE_FAILED);
    gate.clock.advance(ANSWER_RETRY_MS);
    expect(gate.verdicts()).toEqual(['ask']);
    gate.clock.advance(ANSWER_RETRY_MS);
    expect(gate.verdicts()).toEqual(['ask', 'NO_ANSWER']);
    expect(gate.moves).toEqual([]);
    expect(gate.fatal).toEqual([]);
  });

  test('an answer that fails for good ends the process, and the next start refuses the ask', async () => {
    const gate = await authorisingGate({
      taps: failing('answer', { code: 'STORE_FAILED', times: 99 }),
    });
    gate.scan(CODE);
    await gate.answer(PAID);
    expect(gate.fatal).toMatchObject([{ code: 'STORE_FAILED' }]);
    expect(gate.moves).toEqual([]);
    gate.close();
    const again = await gateWith({ dir: gate.dir, boot: '0000bbbb' });
    again.loop.start();
    expect(again.verdicts()).toEqual(['ask', 'NO_ANSWER']);
    expect(again.screens).toEqual([IDLE_WORDS]);
    again.loop.start();
    expect(again.verdicts()).toEqual(['ask', 'NO_ANSWER']);
  });

  test('a full log takes no new ask, but the answer of one that is open', async () => {
    const gate = await authorisingGate({ unconfirmedMax: 1 });
    gate.scan(CODE);
    await gate.answer(PAID);
    expect(gate.moves.map(({ what }) => what)).toEqual(['open']);
    gate.clock.advance(TIMING.presentationMs);
    gate.scan('72111111111111111107');
    expect(gate.screens.at(-1)).toEqual(REASON_WORDS.STORAGE_FAILED);
    expect(gate.verdicts()).toEqual(['ask', 'open']);
  });
});

describe('over a real connection', () => {
  /** A gate before a scripted settlement; `ended` once an ask of it has its answer. */
  async function connected(answer: Respond) {
    const settlement = await startSettlement();
    settlement.responses.set(PAYMENTS_PATH, answer);
    const root = trustIn(rootKey);
    const uplink = createUplink({
      url: settlement.url,
      timeoutMs: 300_000,
      root,
      keepRoot: () => undefined,
      clock: systemClock,
    });
    onTestFinished(() => uplink.close());
    const log = pino({ level: 'silent' });
    const results = new EventTarget();
    const authoriser = createAuthoriser({ gate: 'g1', line: 'M1', key: gateKey, uplink, log });
    const port: Authoriser = {
      get isKnownDown() {
        return authoriser.isKnownDown;
      },
      async attempt(request, timeoutMs) {
        const result = await authoriser.attempt(request, timeoutMs);
        setImmediate(() => results.dispatchEvent(new Event('result')));
        return result;
      },
    };
    const gate = await readyGate({ authoriser: port });
    return { ...settlement, ...gate, result: () => once(results, 'result') };
  }

  test('an answer that is lost is asked for again under the same id, and opens once', async () => {
    let answers = 0;
    const gate = await connected((response, request) => {
      answers += 1;
      (answers === 1 ? cutOff('x'.repeat(200)) : answerPaid())(response, request);
    });
    const [lost, found] = [gate.result(), gate.result().then(() => gate.result())];
    gate.scan(CODE);
    await lost;
    expect(gate.moves).toEqual([]);
    gate.clock.advance(50);
    await found;
    const ids = gate.requests.map((request) => requestIn(request).id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    expect(gate.verdicts()).toEqual(['ask', 'open']);
    expect(gate.moves.map(({ what }) => what)).toEqual(['open']);
  });

  test.each<[string, Respond, keyof typeof AUTHORISATION_REASON_WORDS]>([
    ['a code that was used', answerRefused('CODE_USED'), 'CODE_USED'],
    ['an empty wallet', answerRefused('WALLET_SHORT'), 'WALLET_SHORT'],
    ['a cap', answerRefused('OVER_DAY_CAP'), 'OVER_CAP'],
    ['a question that is not taken', say(403, '{}'), 'NO_ANSWER'],
  ])('%s: refused with the right words', async (_name, answer, reason) => {
    const gate = await connected(answer);
    const heard = gate.result();
    gate.scan(CODE);
    await heard;
    expect(gate.verdicts()).toEqual(['ask', reason]);
    expect(gate.screens.at(-1)).toEqual(AUTHORISATION_REASON_WORDS[reason]);
    expect(gate.moves).toEqual([]);
  });

  test('a forged answer is noted and not believed; without another the rider is refused', async () => {
    const gate = await connected(answerPaid({}, strangerKey));
    const heard = gate.result();
    gate.scan(CODE);
    await heard;
    gate.responses.set(PAYMENTS_PATH, hang);
    gate.clock.advance(TIMING.payBudgetMs);
    expect(gate.recordsOnDisk()).toMatchObject([
      { kind: 'ask' },
      { kind: 'note', note: 'ANSWER_REFUSED', detail: expect.stringContaining('no root that is') },
      { kind: 'answer', of: 1, verdict: 'refuse', reason: 'NO_ANSWER' },
    ]);
    expect(gate.moves).toEqual([]);
  });

  test('a settlement that is not there: the first rider is told so, the next at once', async () => {
    const gate = await connected(answerPaid());
    await gate.stop();
    const heard = gate.result();
    gate.scan(CODE);
    await heard;
    gate.clock.advance(10);
    gate.scan(CODE);
    expect(gate.verdicts()).toEqual(['ask']);
    for (let question = 0; gate.verdicts().length < 2 && question < 20; question += 1) {
      const next = gate.result();
      gate.clock.advance(400);
      await next;
    }
    expect(gate.verdicts()).toEqual(['ask', 'NO_NETWORK']);
    expect(gate.screens.at(-1)).toEqual(AUTHORISATION_REASON_WORDS.NO_NETWORK);
    gate.scan('72111111111111111107');
    expect(gate.screens.at(-1)).toEqual(AUTHORISATION_REASON_WORDS.NO_NETWORK);
    expect(gate.verdicts()).toHaveLength(2);
  });
});

test('what fails is tried again only while somebody waits', async () => {
  const gate = await authorisingGate();
  gate.scan(CODE);
  await gate.answer(LOST);
  gate.clock.advance(38);
  expect(gate.requests).toHaveLength(2);
  gate.loop.close();
  await gate.answer(LOST);
  gate.clock.advance(10_000);
  expect(gate.requests).toHaveLength(2);
});
