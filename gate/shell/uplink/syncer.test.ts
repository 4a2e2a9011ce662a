/** The synchroniser with a real store and a scripted settlement. */
import { once } from 'node:events';
import { join } from 'node:path';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { type SigningKey, sha256 } from '@stile/crypto/sign.ts';
import { systemClock } from '@stile/host/clock.ts';
import { systemRandom } from '@stile/host/random.ts';
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import type { Fault } from '@stile/protocol/fault.ts';
import { type Batch, readBatch, readRecord, sealHolds } from '@stile/protocol/gate-log.ts';
import {
  type BatchReply,
  type GateReceipt,
  NONCE_HEADER,
  RECEIPT_HEADER,
} from '@stile/protocol/sync.ts';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import {
  gateKey,
  makeTap,
  makeTrust,
  makeUse,
  NOW_S,
  rootKey,
  signAsRoot,
  strangerKey,
  trustIn,
} from '../../testing/phone.ts';
import { createReceipts } from '../../testing/receipts.ts';
import { type Respond, say, startSettlement, TRUST_PATH } from '../../testing/settlement.ts';
import { openReferenceStore } from '../store/reference-store.ts';
import { openTapsStore } from '../store/taps-store.ts';
import { createListsFetcher } from './lists.ts';
import { createSyncer } from './syncer.ts';
import { createUplink } from './uplink.ts';

const BATCHES_PATH = '/v1/gates/g1/batches';
const PACE = { syncEveryMs: 5_000, listsEveryMs: 60_000 };
const verify = createNodeVerify();

/** A gate with taps to send, and a settlement whose answers come through `answered`. */
async function world(taps: number) {
  const { responses, requests, url, stop } = await startSettlement();
  const dir = scratchDir();
  const limits = { quotaMb: 64, unconfirmedMax: 10_000, ringMax: 0 };
  const store = openTapsStore({
    file: join(dir, 'taps.db'),
    gate: 'g1',
    random: systemRandom,
    boot: '0000aaaa',
    ...limits,
  });
  const root = trustIn(rootKey);
  const keepRoot = () => undefined;
  const reference = await openReferenceStore(dir, root);
  const uplink = createUplink({ url, timeoutMs: 300_000, root, keepRoot, clock: systemClock });
  const clock = createMovedClock({ wallMs: NOW_S * 1000, monoMs: 0 });
  const fatal: Fault[] = [];
  const quiet = { isQuiet: true };
  const applied: number[] = [];
  const steps = new EventTarget();
  const syncer = createSyncer({
    gate: 'g1',
    key: gateKey,
    taps: store,
    reference,
    uplink,
    clock,
    pace: PACE,
    heldLists: () => ({ trust: 3, deny: 4, denyAtS: 5, stage: 'FRESH' }),
    lists: createListsFetcher({
      gate: 'g1',
      key: gateKey,
      reference,
      uplink,
      onTrust: ({ issuedAtS }) => applied.push(issuedAtS),
    }),
    // SeenRequest for once after every failure, which makes it the moment to go on.
    random: {
      hex: systemRandom.hex,
      fraction: () => {
        queueMicrotask(() => steps.dispatchEvent(new Event('failed')));
        return 0.5;
      },
    },
    log: pino({ level: 'silent' }),
    isQuiet: () => quiet.isQuiet,
    onEpoch: (before) => {
      const note = { kind: 'note', note: 'EPOCH_BEGUN', detail: before, clock: 'TRUSTED' } as const;
      store.append(note, { at: { wallMs: NOW_S * 1000, monoMs: 0 } });
    },
    onFatal: (fault) => fatal.push(fault),
  });
  onTestFinished(async () => {
    await stop();
    await syncer.close();
    store.close();
    reference.close();
  });
  for (let counter = 1; counter <= taps; counter += 1) {
    store.append(makeTap(counter), {
      at: { wallMs: NOW_S * 1000, monoMs: counter },
      use: makeUse(counter),
    });
  }
  const trust = await signAsRoot('stile-trust-list+jws', makeTrust());
  responses.set(TRUST_PATH, say(200, trust, { headers: { etag: '"5"' } }));

  /** Waits until what the clock has set going has been answered and digested. */
  async function answered(until: () => boolean): Promise<void> {
    while (!until()) await new Promise<void>((resume) => setImmediate(resume));
  }
  const failed = () => once(steps, 'failed');
  return { answered, responses, applied, requests, clock, failed, fatal, quiet, store, syncer };
}

const receipts = createReceipts();
type Signed = { changes?: Partial<GateReceipt>; key?: SigningKey };

function batchIn(body: Buffer): Batch {
  const reading = readBatch(body, sha256);
  if (!reading.ok) throw new Error(reading.detail);
  return reading.batch;
}

/** Settlement as it should be: durable up to what arrived, unless `changes` say otherwise. */
function honest(changes: Partial<BatchReply> = {}, signed: Signed = {}): Respond {
  return (response, request) => {
    const { header } = batchIn(request.body);
    receipts.learn(request.body);
    const { gate, epoch, toSeq: ackSeq } = header;
    const reply = { gate, epoch, ackSeq, items: [], trustVersion: 5, denyVersion: 0, ...changes };
    const nonce = String(request.headers[NONCE_HEADER]);
    void receipts.sign(reply, { nonce, ...signed }).then((receipt) => {
      const headers = { [RECEIPT_HEADER]: receipt };
      say(200, JSON.stringify(reply), { headers })(response, request);
    });
  };
}

/** Who answers in settlement's place and has no key. */
const unsigned: Respond = (response, request) => {
  const { gate, epoch, toSeq: ackSeq } = batchIn(request.body).header;
  const reply = { gate, epoch, ackSeq, items: [], trustVersion: 5, denyVersion: 0 };
  say(200, JSON.stringify(reply))(response, request);
};

test('records go up sealed, batch after batch, until all are confirmed; lists come down', async () => {
  const { answered, responses, applied, requests, clock, fatal, store, syncer } = await world(501);
  responses.set(BATCHES_PATH, honest());
  syncer.start();
  await answered(() => store.ackSeq === 500 && applied.length === 1);
  clock.advance(0);
  await answered(() => store.unconfirmed === 0);
  expect(syncer.online).toBe(true);
  const batches = requests
    .filter(({ path }) => path === BATCHES_PATH)
    .map(({ body }) => batchIn(body));
  expect(batches.map(({ header }) => [header.fromSeq, header.toSeq])).toEqual([
    [1, 500],
    [501, 501],
  ]);
  for (const batch of batches) {
    expect(sealHolds(batch, { gateKey: gateKey.publicKey, verify })).toBe(true);
    for (const line of batch.records) expect(readRecord(line).ok).toBe(true);
  }
  expect(applied).toEqual([NOW_S - 3_600]);
  expect(fatal).toEqual([]);
  clock.advance(PACE.syncEveryMs);
  expect(requests).toHaveLength(3);
});

test.each<[string, Respond]>([
  ['for another gate', honest({ gate: 'g2' })],
  ['for another life of this log', honest({ epoch: 'ffffffffffffffff' })],
  ['all, under another key', honest({}, { key: strangerKey })],
  ['all, to another request', honest({}, { changes: { nonce: '0'.repeat(32) } })],
  ['less than it signs', honest({ ackSeq: 2 }, { changes: { ackSeq: 3 } })],
  ['all, unsigned', unsigned],
  ['nothing, for it fails', say(500)],
  ['nothing, for it refuses', say(400, '{"message":"no"}')],
  ['nothing, for it is a page of a portal', say(200, '<html>')],
])('a settlement that confirms %s gets the same records again later', async (_name, answer) => {
  const { answered, responses, applied, requests, clock, failed, fatal, store, syncer } =
    await world(3);
  responses.set(BATCHES_PATH, answer);
  const first = failed();
  syncer.start();
  await first;
  await answered(() => applied.length === 1);
  expect(store.ackSeq).toBe(0);
  responses.set(BATCHES_PATH, honest());
  clock.advance(499);
  expect(requests.filter(({ path }) => path === BATCHES_PATH)).toHaveLength(1);
  clock.advance(1);
  await answered(() => store.ackSeq === 3);
  const [once, again] = requests.filter(({ path }) => path === BATCHES_PATH);
  expect(again?.body).toEqual(once?.body);
  expect(fatal).toEqual([]);
});

test.each<[string, Respond]>([
  ['more than was ever written', honest({ ackSeq: 4 })],
  [
    'other bytes in the place of the last',
    honest(
      { ackSeq: 3, items: [{ seq: 3, ruling: 'conflict', reason: 'OTHER_BYTES' }] },
      { changes: { head: 'a'.repeat(64) } },
    ),
  ],
  ['that another key opened this epoch', say(409, '{"code":"EPOCH_OF_OTHER_KEY","message":"no"}')],
])('a settlement that says that it has %s gets all in a new epoch', async (_name, answer) => {
  const { answered, responses, requests, clock, fatal, quiet, store, syncer } = await world(3);
  responses.set(BATCHES_PATH, answer);
  const before = store.epoch;
  quiet.isQuiet = false;
  const batches = () => requests.filter(({ path }) => path === BATCHES_PATH);
  syncer.start();
  await answered(() => batches().length === 1 && syncer.online);
  // A barrier is being told to open: what may be stored about it speaks of a seq.
  expect(store.epoch).toBe(before);
  quiet.isQuiet = true;
  clock.advance(2_000);
  await answered(() => store.epoch !== before);
  expect(store.ackSeq).toBe(0);
  responses.set(BATCHES_PATH, honest());
  clock.advance(10_000);
  await answered(() => store.unconfirmed === 0);
  const { header, records } = batchIn(batches().at(-1)?.body ?? Buffer.alloc(0));
  expect(header).toMatchObject({ epoch: store.epoch, fromSeq: 1, toSeq: 4 });
  const read = records.map((record) => readRecord(record));
  expect(read).toMatchObject([1, 2, 3, 4].map((seq) => ({ record: { seq } })));
  expect(read.at(-1)).toMatchObject({ record: { note: 'EPOCH_BEGUN', detail: before } });
  expect(fatal).toEqual([]);
});

test('a settlement that was restored gets back what it has lost', async () => {
  const { answered, responses, applied, requests, clock, store, syncer } = await world(6);
  responses.set(BATCHES_PATH, honest());
  syncer.start();
  await answered(() => store.ackSeq === 6 && applied.length === 1);
  store.append(makeTap(7), { at: { wallMs: NOW_S * 1000, monoMs: 7 }, use: makeUse(7) });
  responses.set(BATCHES_PATH, honest({ ackSeq: 2 }));
  clock.advance(PACE.syncEveryMs);
  await answered(() => store.ackSeq === 2);
  responses.set(BATCHES_PATH, honest());
  clock.advance(PACE.syncEveryMs);
  await answered(() => store.ackSeq === 7);
  const last = requests.filter(({ path }) => path === BATCHES_PATH).at(-1);
  expect(batchIn(last?.body ?? Buffer.alloc(0)).header).toMatchObject({ fromSeq: 3, toSeq: 7 });
});

test('a reply that comes after closing is not acted upon', async () => {
  const { responses, store, syncer } = await world(1);
  const arrived = new Promise<() => void>((resume) => {
    responses.set(BATCHES_PATH, (response, request) => resume(() => honest()(response, request)));
  });
  syncer.start();
  const answer = await arrived;
  const closed = syncer.close();
  answer();
  await closed;
  expect(store.ackSeq).toBe(0);
});

test('a log that has lost records is a fault of the store, and is not sent around', async () => {
  const { answered, responses, requests, fatal, store, syncer } = await world(3);
  responses.set(BATCHES_PATH, honest());
  Object.defineProperty(store, 'readSpan', { value: () => null });
  syncer.start();
  await answered(() => fatal.length === 1);
  expect(fatal).toMatchObject([{ code: 'STORE_CORRUPT' }]);
  expect(requests.filter(({ path }) => path === BATCHES_PATH)).toEqual([]);
});
