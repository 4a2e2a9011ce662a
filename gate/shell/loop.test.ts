/** The loop with real stores and devices that remember what they were told, under a moved clock. */
import { toHex } from '@stile/protocol/bytes.ts';
import { denyIdHex } from '@stile/protocol/deny-list.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { REASON_WORDS } from '@stile/protocol/reasons.ts';
import { describe, expect, test } from 'vitest';
import { IDLE_WORDS } from '../core/gate-state.ts';
import type { PassName } from '../core/tap.ts';
import { gateWith, readyGate, START, TIMING } from '../testing/loop.ts';
import { GOOD, makeText, makeTrust, NOW_S, strangerKey } from '../testing/phone.ts';
import { denyOf } from '../testing/settlement.ts';
import { CLOCK_TOLERANCE_S } from './facts.ts';
import type { ReferenceStore } from './store/reference-store.ts';

const noPause = async () => undefined;
/** Promises that were settled have been heard by whoever waits for them. */
const settled = () => new Promise<void>((resume) => setImmediate(resume));
const good = (counter: number) => makeText({ counter });

describe('a tap', () => {
  test('is on disk before the arm is told to open', async () => {
    const gate = await readyGate();
    const text = good(1);
    gate.scan(text);
    expect(gate.moves).toHaveLength(1);
    expect(gate.moves[0]).toMatchObject({
      what: 'open',
      onDisk: { kind: 'tap', seq: 1, verdict: 'open', scan: text, trust: 5, fareCents: 320 },
    });
    expect(
      gate.taps.findUsed({ issuer: GOOD.issuer, account: GOOD.account, serial: GOOD.serial })
        .counterMax,
    ).toBe(1);
    expect(gate.taps.lastSeq).toBe(1);
    expect(gate.loop.counts).toMatchObject({ open: 1, refuse: 0 });
  });

  test('shows, closes and rests by the clock that is handed in', async () => {
    const gate = await readyGate();
    gate.loop.start();
    gate.scan(good(1));
    gate.clock.advance(10_000);
    gate.clock.advance(10_000);
    expect(gate.moves.map(({ what, atMs }) => [what, atMs])).toEqual([
      ['open', 0],
      ['close', 3_000],
    ]);
    expect(gate.screens).toEqual([IDLE_WORDS, ['WELCOME', 'Please pass'], IDLE_WORDS]);
    expect(gate.clock.alarms).toBe(0);
  });

  test('is refused the second time, now and after a restart', async () => {
    const gate = await readyGate();
    gate.scan(good(4));
    gate.scan(good(4));
    expect(gate.loop.counts.repeat).toBe(1);
    gate.clock.advance(TIMING.presentationMs);
    gate.scan(good(4));
    gate.close();
    const again = await gateWith({ dir: gate.dir, boot: '0000bbbb' });
    again.scan(good(4));
    again.scan(good(3));
    again.scan(good(5));
    expect(again.verdicts()).toEqual(['open', 'REPLAY', 'REPLAY', 'REPLAY', 'open']);
    expect(again.moves).toHaveLength(1);
  });

  test('that is forged is remembered for nobody: the honest code still opens', async () => {
    const gate = await readyGate();
    gate.scan(makeText({ counter: 999 }, { issuer: strangerKey }));
    gate.scan(good(1));
    expect(gate.verdicts()).toEqual(['BAD_ISSUER_SIGNATURE', 'open']);
  });

  test('opens as often as the pass allows, also after a restart, and again for a pass that was given after settlement had these rides', async () => {
    const pass = (counter: number, issuedAtS = GOOD.issuedAtS) =>
      makeText({ counter, allowance: 3, issuedAtS });
    const gate = await readyGate();
    gate.scan(pass(1));
    gate.scan(pass(2));
    gate.close();
    const again = await gateWith({ dir: gate.dir, boot: '0000bbbb' });
    for (const counter of [3, 4]) again.scan(pass(counter));
    // Another pass alone brings no ride: settlement did not know of these when it gave it.
    again.scan(pass(5, GOOD.issuedAtS + 10));
    expect(again.screens.at(-1)).toEqual(['NO OFFLINE RIDE LEFT', 'Go online, renew it']);
    again.taps.acknowledge(again.taps.lastSeq, { atS: GOOD.issuedAtS + 5 });
    for (const counter of [6, 7, 8, 9]) again.scan(pass(counter, GOOD.issuedAtS + 10));
    // The issue before it, kept and shown again, has what it had.
    again.scan(pass(10));
    expect(again.verdicts().join(' ')).toBe(
      'open open open ALLOWANCE_USED ALLOWANCE_USED open open open ALLOWANCE_USED ALLOWANCE_USED',
    );
  });

  test('of an account that has just ridden is refused where there is a passback rule', async () => {
    const gate = await readyGate({ settings: { passbackS: 30 } });
    gate.scan(good(1));
    gate.clock.advance(29_000);
    gate.clock.setWall(START.wallMs + 5 * 60_000);
    const generatedAtS = NOW_S + 300;
    gate.scan(makeText({ counter: 2, generatedAtS }));
    gate.clock.advance(1_000);
    gate.scan(makeText({ counter: 3, generatedAtS }));
    expect(gate.verdicts()).toEqual(['open', 'PASSBACK', 'open']);
  });

  test('with a frame of the scanner around it is the code without it', async () => {
    const gate = await readyGate();
    gate.scan(`]Q1${good(1)}\t`);
    gate.scan(good(1));
    gate.scan(`\\000026${good(2)}`);
    gate.scan(` ${good(3)}`);
    expect(gate.verdicts()).toEqual(['open', 'open', 'MALFORMED']);
    expect(gate.recordsOnDisk()[0]).toMatchObject({ scan: good(1) });
    expect(gate.loop.counts.repeat).toBe(1);
  });

  test('opens although noise has filled all that noise may fill, which is still refused with its words', async () => {
    const gate = await readyGate({ unconfirmedMax: 40 });
    for (let line = 0; line < 40; line += 1) gate.scan(`noise ${line}`);
    expect(gate.verdicts()).toHaveLength(30);
    expect(gate.screens.at(-1)).toEqual(REASON_WORDS.MALFORMED);
    for (let counter = 1; counter <= 11; counter += 1) gate.scan(good(counter));
    expect(gate.moves).toHaveLength(10);
    expect(gate.screens.at(-1)).toEqual(REASON_WORDS.STORAGE_FAILED);
    expect(gate.fatal).toEqual([]);
  });

  test('that cannot be read is kept as evidence', async () => {
    const gate = await readyGate();
    gate.scan('hello');
    gate.scan('\0\xff');
    expect(gate.recordsOnDisk()).toMatchObject([
      { verdict: 'refuse', reason: 'MALFORMED', scan: 'hello', scanHex: null },
      { verdict: 'refuse', reason: 'MALFORMED', scan: null, scanHex: '00ff' },
    ]);
    expect(gate.moves).toEqual([]);
  });
});

describe('when something fails', () => {
  test('a full store: the arm stays down, the rider reads why, the gate lives on', async () => {
    const gate = await readyGate({ unconfirmedMax: 1 });
    gate.scan(good(1));
    gate.scan(good(2));
    expect(gate.moves.map(({ what }) => what)).toEqual(['open']);
    expect(gate.screens.at(-1)).toEqual(REASON_WORDS.STORAGE_FAILED);
    expect(gate.fatal).toEqual([]);
    expect(gate.verdicts()).toEqual(['open']);
    gate.taps.acknowledge(1, { atS: 0 });
    gate.scan(good(3));
    expect(gate.moves.map(({ what }) => what)).toEqual(['open', 'open']);
  });

  test('a failing disk: the arm stays down and the process is told to end', async () => {
    const gate = await readyGate({
      taps: (real) =>
        Object.assign(real, {
          append: () => {
            throw new Fault('STORE_FAILED', 'disk I/O error');
          },
        }),
    });
    gate.scan(good(1));
    expect(gate.moves).toEqual([]);
    expect(gate.screens).toEqual([REASON_WORDS.STORAGE_FAILED]);
    expect(gate.fatal).toMatchObject([{ code: 'STORE_FAILED' }]);
    expect(gate.taps.lastSeq).toBe(0);
    gate.clock.advance(10_000);
    expect(gate.moves).toEqual([]);
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('unplugged'))],
    [
      'throws',
      () => {
        throw new Error('unplugged');
      },
    ],
  ])('an arm that %s: the tap is made void on disk, and the rider reads it', async (_how, open) => {
    const gate = await readyGate({ open });
    gate.scan('noise');
    gate.scan(good(1));
    await settled();
    expect(gate.recordsOnDisk().slice(1)).toMatchObject([
      { kind: 'tap', seq: 2, verdict: 'open' },
      { kind: 'void', seq: 3, of: 2, reason: 'BARRIER_FAILED' },
    ]);
    expect(gate.screens.at(-1)).toEqual(REASON_WORDS.OUT_OF_ORDER);
    expect(gate.fatal).toEqual([]);
    gate.clock.advance(3_000);
    expect(gate.moves.map(({ what }) => what)).toEqual(['open', 'close']);
  });

  test('an arm that is known to be away: the code is refused and not used up', async () => {
    const gate = await readyGate();
    gate.barrier.connected = false;
    gate.scan(good(1));
    gate.barrier.connected = true;
    gate.clock.advance(TIMING.presentationMs);
    gate.scan(good(1));
    expect(gate.verdicts()).toEqual(['OUT_OF_ORDER', 'open']);
  });

  test('a look-up that fails: the code is refused, and that is on disk', async () => {
    let broken = true;
    const gate = await readyGate({
      reference: (real) =>
        Object.assign(Object.create(real) as ReferenceStore, {
          isDenied: (pass: PassName) => {
            if (broken) throw new Error('database disk image is malformed');
            return real.isDenied(pass);
          },
        }),
    });
    gate.scan(good(1));
    broken = false;
    gate.scan(good(2));
    expect(gate.verdicts()).toEqual(['STORAGE_FAILED', 'open']);
    expect(gate.moves).toHaveLength(1);
  });

  test('a display that fails stops nothing', async () => {
    const gate = await readyGate({
      show: () => {
        throw new Error('unplugged');
      },
    });
    gate.loop.start();
    gate.scan(good(1));
    gate.clock.advance(10_000);
    expect(gate.moves.map(({ what }) => what)).toEqual(['open', 'close']);
    expect(gate.fatal).toEqual([]);
  });
});

describe('lists', () => {
  test('without any the gate knows no key; with the first ones the next scan opens', async () => {
    const gate = await gateWith();
    gate.scan(good(1));
    await gate.trust();
    gate.scan(good(2));
    expect(gate.verdicts()).toEqual(['KEY_UNKNOWN', 'open']);
    expect(gate.recordsOnDisk()).toMatchObject([
      { trust: 0, tariff: 0, fareCents: null },
      { trust: 5, tariff: 2, fareCents: 320 },
    ]);
  });

  test('that change between two scans hold from the second on, and each tap names its own', async () => {
    const gate = await readyGate();
    gate.scan(good(1));
    const deny = denyOf(6, [denyIdHex({ issuer: GOOD.issuer, account: GOOD.account, serial: 0 })]);
    const body = Buffer.from(deny.ids.join(''), 'hex');
    await gate.reference.applySnapshot({ head: deny.head, body }, noPause);
    await gate.trust({ version: 8, deny: deny.head });
    gate.scan(good(2));
    const empty = denyOf(7, []);
    await gate.reference.applySnapshot({ head: empty.head, body: new Uint8Array(0) }, noPause);
    const dear = { version: 3, lines: [{ line: 'M1', fareCents: 360, fromS: 0 }] };
    await gate.trust({ version: 9, deny: empty.head, tariff: dear });
    gate.scan(good(3));
    const [key] = makeTrust().issuers;
    if (key === undefined) throw new Error('there is a key');
    await gate.trust({ version: 10, deny: empty.head, issuers: [{ ...key, status: 'revoked' }] });
    gate.scan(good(4));
    expect(gate.verdicts()).toEqual(['open', 'DENIED', 'OVER_CEILING', 'KEY_EXPIRED']);
    expect(gate.recordsOnDisk()).toMatchObject([
      { trust: 5, deny: 0, fareCents: 320 },
      { trust: 8, deny: 6 },
      { trust: 9, deny: 7, fareCents: 360, tariff: 3 },
      { trust: 10, deny: 7 },
    ]);
  });

  test('under which a line has no fare leave the ceiling alone and say so', async () => {
    const gate = await readyGate({ settings: { line: 'elsewhere' } });
    gate.scan(makeText({ ceiling: 0 }));
    expect(gate.recordsOnDisk()).toMatchObject([{ verdict: 'open', fareCents: null }]);
  });
});

describe('the clock', () => {
  test('is in holdover until a list came, then trusted; each tap says which', async () => {
    const gate = await readyGate();
    gate.scan(good(1));
    gate.loop.onTrust({ version: 1, issuedAtS: NOW_S - 10 });
    gate.scan(good(2));
    expect(gate.taps.signedTimeS).toBe(NOW_S - 10);
    expect(gate.recordsOnDisk()).toMatchObject([{ clock: 'HOLDOVER' }, { clock: 'TRUSTED' }]);
  });

  test.each([
    ['refuse', CLOCK_TOLERANCE_S, 'open', 'TRUSTED'],
    ['refuse', CLOCK_TOLERANCE_S + 1, 'CLOCK_UNKNOWN', 'UNKNOWN'],
    ['admit', CLOCK_TOLERANCE_S + 1, 'open', 'UNKNOWN'],
  ] as const)(
    'told to %s, %i s behind signed time: %s',
    async (policy, behindS, expected, clock) => {
      const gate = await readyGate({ settings: { onClockUnknown: policy } });
      gate.loop.onTrust({ version: 2, issuedAtS: NOW_S });
      gate.clock.setWall((NOW_S - behindS) * 1000);
      const generatedAtS = expected === 'open' && clock === 'TRUSTED' ? NOW_S - behindS : NOW_S;
      gate.scan(makeText({ generatedAtS }));
      expect(gate.verdicts()).toEqual([expected]);
      expect(gate.recordsOnDisk()).toMatchObject([{ clock }]);
    },
  );

  test('a list signed by a clock 30 days ahead locks the gate only until the next list', async () => {
    const gate = await readyGate({ settings: { onClockUnknown: 'admit' } });
    gate.loop.onTrust({ version: 5, issuedAtS: NOW_S - 60 });
    gate.loop.onTrust({ version: 6, issuedAtS: NOW_S + 30 * 86_400 });
    gate.scan(good(1));
    expect(gate.verdicts()).toEqual(['PASS_EXPIRED']);
    // The same version says nothing new; a newer one of an earlier time says that the clock was wrong.
    gate.loop.onTrust({ version: 6, issuedAtS: NOW_S });
    expect(gate.taps.signedTimeS).toBe(NOW_S + 30 * 86_400);
    gate.loop.onTrust({ version: 7, issuedAtS: NOW_S });
    expect(gate.taps.signedTimeS).toBe(NOW_S);
    gate.scan(good(2));
    expect(gate.verdicts()).toEqual(['PASS_EXPIRED', 'open']);
    expect(gate.recordsOnDisk()).toMatchObject([{ clock: 'UNKNOWN' }, { clock: 'TRUSTED' }]);
  });

  test('a note is stored with the same stamps as a tap', async () => {
    const gate = await readyGate();
    gate.clock.advance(1_234);
    gate.loop.storeNote('STARTED', 'version 0');
    expect(gate.recordsOnDisk()).toEqual([
      {
        v: 1,
        seq: 1,
        boot: '0000aaaa',
        clock: 'HOLDOVER',
        kind: 'note',
        atMs: START.wallMs + 1_234,
        monoMs: START.monoMs + 1_234,
        note: 'STARTED',
        detail: 'version 0',
      },
    ]);
    expect(toHex(gate.taps.readSpan(0, 5)?.head ?? new Uint8Array())).toBe(gate.taps.headHash);
  });
});
