/** A call of every fact that a database can be asked for, with something to ask about. */
import { denyId } from '@stile/protocol/deny-list.ts';
import { wholeBatch } from '../core/logs/batch.ts';
import { rulingQuery } from '../core/logs/ruling-query.ts';
import type { Facts } from '../store/database.ts';
import { ACCOUNT, HANDLE, paymentRequest } from './facts.ts';
import { ISSUER, NOW_MS, ScriptedLog } from './log.ts';

const PASS = { account: ACCOUNT, serial: 1 };
const KEY = { merchant: 'kiosk', idempotencyKey: 'sale-1' };
const USE = `${ISSUER}/${ACCOUNT}/1/1/${NOW_MS / 1000}`;

/** Taps of known and unknown codes, one taken back, and an authorisation. */
export function everyKindOfRecord(): ScriptedLog {
  const log = new ScriptedLog('g1', 'A');
  const seq = log.ride({ account: ACCOUNT, counter: 1, atMs: NOW_MS }, { trust: 1, deny: 1 });
  log.ride({ account: '00000000000000bb', counter: 2, atMs: NOW_MS });
  log.add({ kind: 'void', atMs: NOW_MS, clock: 'TRUSTED', of: seq });
  log.answer(log.ask('0011'), { verdict: 'open' });
  return log;
}

const batch = everyKindOfRecord().batch();

type Calls = { [Name in keyof Facts]: (facts: Facts) => ReturnType<Facts[Name]> };

const bounds = { beforeMs: NOW_MS, newestKept: 3, rowsMax: 10 };

export const MONEY_CALLS = {
  codeOwners: (facts) => facts.codeOwners([paymentRequest().presented]),
  pay: (facts) => facts.pay([{ request: paymentRequest(), owner: null }]),
  refund: (facts) => facts.refund({ ...KEY, reversalS: 60, nowMs: NOW_MS }),
  reversal: (facts) => facts.reversal({ ...KEY, reversalS: 60, nowMs: NOW_MS }),
  newOrder: (facts) => facts.newOrder(KEY),
  order: (facts) => facts.order('order-1'),
  confirmation: (facts) =>
    facts.confirmation({
      ...PASS,
      issuer: ISSUER,
      order: 'order-1',
      amountCents: 300,
      nowMs: NOW_MS,
    }),
  topUp: (facts) => facts.topUp({ account: ACCOUNT, key: 't1' }),
  topUpIntent: (facts) => facts.topUpIntent({ account: ACCOUNT, key: 't1' }),
  newSeed: (facts) => facts.newSeed({ ...PASS, handle: HANDLE }),
  seedConfirmation: (facts) => facts.seedConfirmation({ ...PASS, handle: HANDLE }),
  liveHandles: (facts) => facts.liveHandles({ account: ACCOUNT, serial: null }),
  liveOnlineCodes: (facts) => facts.liveOnlineCodes(PASS),
  riderEnrolment: (facts) =>
    facts.riderEnrolment({
      account: ACCOUNT,
      publicKey: 'aa',
      issuer: ISSUER,
      inviteHash: 'invite',
      personHash: 'person',
      from: { address: '::1', perHourMax: 5 },
      nowMs: NOW_MS,
    }),
  passIssue: (facts) => facts.passIssue({ ...PASS, nowS: NOW_MS / 1000 }),
  session: (facts) => facts.session({ ...PASS, issuer: ISSUER }),
  block: (facts) => facts.block('kiosk'),
  gateEnrolment: (facts) =>
    facts.gateEnrolment({ tokenHash: 'token', publicKey: new Uint8Array(32), nowMs: NOW_MS }),
  gateRevocation: (facts) => facts.gateRevocation('g1'),
  denial: (facts) => facts.denial(denyId({ issuer: ISSUER, ...PASS })),
  lease: (facts) => facts.lease(),
  isChallengeUsed: (facts) => facts.isChallengeUsed('c'),
  meta: (facts) => facts.meta('nothing'),
  operator: (facts) => facts.operator('anna'),
  nextAct: (facts) => facts.nextAct(),
  recovery: (facts) => facts.recovery({ codeHash: 'code', publicKey: 'aa', nowMs: NOW_MS }),
  accountAccess: (facts) => facts.accountAccess(ACCOUNT),
  newCode: (facts) => facts.newCode({ issuer: ISSUER, account: ACCOUNT, drawnBy: 1 }),
  move: (facts) => facts.move({ account: ACCOUNT, by: 'anna' }),
  approval: (facts) => facts.approval(1),
} satisfies Partial<Calls>;

export const LOG_CALLS = {
  log: (facts) => facts.log(wholeBatch(batch)),
  logOf: (facts) => facts.logOf(1),
  nextUnjudged: (facts) => facts.nextUnjudged(),
  clockNeighbours: (facts) => facts.clockNeighbours({ epochId: 1, seq: 2 }),
  retimePiece: (facts) => facts.retimePiece({ epochId: 1, after: 0, upTo: 9, limit: 5 }),
  rulingFacts: (facts) => facts.rulingFacts({ epochId: 1, gate: 'g1' }, rulingQuery(batch.records)),
  nextWork: (facts) => facts.nextWork({ dueMs: NOW_MS, dueBeyondMs: NOW_MS + 1 }),
  failedWorkIds: (facts) => facts.failedWorkIds(),
  piece: (facts) =>
    facts.piece({
      after: 0,
      upTo: 9,
      until: 9,
      limit: 5,
      only: { line: 'A', fromMs: NOW_MS },
    }),
  settle: (facts) =>
    facts.settle([
      { id: 1, use: USE },
      { id: 2, use: 'ask/g1/0011' },
    ]),
  nextResolution: (facts) => facts.nextResolution(),
  writeOff: (facts) => facts.writeOff({ gate: 'g1', line: 'A', use: USE, record: 0 }),
  branch: (facts) => facts.branch({ epochId: 1, seq: 2, prev: new Uint8Array(32) }),
  identity: (facts) => facts.identity({ account: ACCOUNT, publicKey: 'aa' }),
  fare: (facts) => facts.fare(),
  issuerKeys: (facts) => facts.issuerKeys(),
  denyList: (facts) => facts.denyList(5),
  denyVersion: (facts) => facts.denyVersion(1),
} satisfies Partial<Calls>;

/** One kind of each thing that is kept for a time; `parked` is there for what is stored only. */
export const CUT_CALLS = {
  trustList: (facts: Facts) => facts.cut('trustList', bounds),
  refusedPayment: (facts: Facts) => facts.cut('refusedPayment', bounds),
  denyVersion: (facts: Facts) => facts.cut('denyVersion', bounds),
  denyEntry: (facts: Facts) => facts.cut('denyEntry', bounds),
  denial: (facts: Facts) => facts.cut('denial', bounds),
  recoveryCode: (facts: Facts) => facts.cut('recoveryCode', bounds),
  approval: (facts: Facts) => facts.cut('approval', bounds),
};

type Called = keyof typeof MONEY_CALLS | keyof typeof LOG_CALLS | 'cut' | 'parked';
/** Says by its type that no fact was left out. */
export const EVERY_FACT: [Exclude<keyof Facts, Called>] extends [never] ? true : never = true;

/** Without what a database numbers in its own way. */
export function withoutNumbers(found: unknown): unknown {
  if (Array.isArray(found)) return found.map(withoutNumbers);
  if (found === null || typeof found !== 'object') return found;
  const own = ['nextIds', 'nextPaymentId', 'lastNumbers'];
  return Object.fromEntries(Object.entries(found).filter(([name]) => !own.includes(name)));
}
