/** What can happen to a settlement, drawn at random: a history is a list of deeds, each of a small world. */
import fc from 'fast-check';

export const RIDERS = ['a', 'b', 'c', 'd'] as const;
export const MERCHANTS = ['kiosk', 'bakery'] as const;
/** Each stands at its line. */
export const GATES = [
  { gate: 'g1', line: 'M1' },
  { gate: 'g2', line: 'M2' },
] as const;

export type Rider = (typeof RIDERS)[number];
export type Merchant = (typeof MERCHANTS)[number];

export type Deed =
  | { kind: 'enrol'; rider: Rider }
  | { kind: 'topUp'; rider: Rider; cents: number; key: number }
  /** A code of one of a few, so that copies are shown; `hasClock`: the gate knew what time it was. */
  | { kind: 'ride'; gate: number; rider: Rider; counter: number; hasClock: boolean; boot: number }
  /** A record that takes back the one so far before it. */
  | { kind: 'void'; gate: number; back: number }
  /** The gate says the time in this boot. */
  | { kind: 'note'; gate: number; boot: number }
  /** From so far before its end on the gate has another history too. */
  | { kind: 'fork'; gate: number; back: number }
  /** A piece of one of its histories: what comes next, or an old piece, or one behind a gap. */
  | { kind: 'send'; gate: number; branch: number; skip: number | null; records: number }
  | { kind: 'authorise'; gate: number; rider: Rider; opens: boolean; isAsked: boolean }
  | { kind: 'settle' }
  | { kind: 'pay'; rider: Rider; merchant: Merchant; key: number; cents: number; code: PaidBy }
  | { kind: 'order'; rider: Rider; merchant: Merchant; key: number; cents: number }
  | { kind: 'refund'; merchant: Merchant; key: number; refundKey: number; cents: number }
  | { kind: 'reverse'; merchant: Merchant; key: number }
  | { kind: 'deny' | 'lift' | 'block'; rider: Rider }
  | { kind: 'fare'; line: string; cents: number; agoS: number }
  | { kind: 'publish' }
  | { kind: 'resolve'; gate: number; how: 'REPLAY' | 'ADOPT' | 'WRITE_OFF' }
  | { kind: 'cut' };
export type PaidBy = 'online' | 'seed' | 'wrong';

const rider = fc.constantFrom(...RIDERS);
const merchant = fc.constantFrom<Merchant[]>('kiosk', 'kiosk', 'bakery');
const gate = fc.nat(GATES.length - 1);
const key = fc.nat(2);
const cents = fc.integer({ min: 1, max: 900 });

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('enrol' as const), rider }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('topUp' as const),
      rider,
      cents: fc.integer({ min: 100, max: 2_000 }),
      key,
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constant('ride' as const),
      gate,
      rider,
      counter: fc.nat(3),
      hasClock: fc.nat(3).map((n) => n > 0),
      boot: fc.nat(2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('void' as const), gate, back: fc.nat(2) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('note' as const), gate, boot: fc.nat(2) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('fork' as const), gate, back: fc.nat(3) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      gate,
      branch: fc.nat(1),
      skip: fc.option(fc.nat(4), { freq: 4 }),
      records: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('authorise' as const),
      gate,
      rider,
      opens: fc.boolean(),
      isAsked: fc.nat(3).map((n) => n > 0),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pay' as const),
      rider,
      merchant,
      key,
      cents,
      code: fc.constantFrom<PaidBy>('online', 'online', 'seed', 'wrong'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('order' as const), rider, merchant, key, cents }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('refund' as const),
      merchant,
      key,
      refundKey: fc.nat(2),
      cents,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('reverse' as const), merchant, key }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('deny' as const, 'lift', 'block'), rider }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fare' as const),
      line: fc.constantFrom('M1', 'M2'),
      cents: fc.nat(400),
      agoS: fc.constantFrom(0, 50_000, 90_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('publish' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('resolve' as const),
      gate,
      how: fc.constantFrom('REPLAY' as const, 'ADOPT', 'WRITE_OFF'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const) }) },
);

/** Without a bias towards what is small: that is mostly what does nothing. */
export const histories: fc.Arbitrary<Deed[]> = fc.noBias(
  fc.array(deed, { minLength: 15, maxLength: 50, size: 'max' }),
);
