/**
 * Carries the deeds of a history out on a store. All that it sends follows from the history alone, so that two
 * stores are told the same and have to answer the same.
 */
import { denyId } from '@stile/protocol/deny-list.ts';
import { CUT_KINDS } from '../../core/retention/cut-changes.ts';
import type { Store } from '../../store/port.ts';
import { DENY_SALT } from '../facts.ts';
import {
  accountOf,
  addGate,
  addRider,
  ISSUER,
  ISSUER_KEY,
  NOW_MS,
  type ScriptedLog,
} from '../log.ts';
import { ScriptedTill } from '../till.ts';
import { type Deed, GATES, MERCHANTS, type Merchant, type PaidBy, type Rider } from './deeds.ts';

/** Every deed has an instant of its own, long after the rides. */
const STEP_MS = 1_000;
const RIDES_FROM_MS = NOW_MS - 86_400_000;
/** The gates' clocks go so much from one record to the next. */
const RECORD_MS = 700_000;
const RETENTION = { trustLists: 1, refusedPaymentDays: 0, denyHistoryDays: 0, recoveryDays: 0 };
const DENY_IDS_MAX = 3;
/** More than any history writes. */
const RECORDS_MAX = 1_000;

type Of<Kind extends Deed['kind']> = Extract<Deed, { kind: Kind }>;
/** A gate and what it wrote: one history, or two that part at some record. */
type GateLogs = { branches: Branch[]; clockMs: number };
type Branch = { log: ScriptedLog; sentSeq: number };

export class World {
  readonly store: Store;
  readonly tills: ReadonlyMap<Merchant, ScriptedTill>;
  readonly #gates: readonly GateLogs[];
  #nowMs = NOW_MS;
  #codes = 0;

  private constructor(
    store: Store,
    { tills, gates }: { tills: ReadonlyMap<Merchant, ScriptedTill>; gates: readonly GateLogs[] },
  ) {
    this.store = store;
    this.tills = tills;
    this.#gates = gates;
  }

  /** Three riders, two with money, two merchants and two gates; one line has a fare. */
  static async open(store: Store): Promise<World> {
    await store.addIssuerKey(ISSUER_KEY, NOW_MS);
    for (const letter of ['a', 'b', 'c']) await addRider(store, letter);
    for (const letter of ['a', 'b']) {
      const money = { account: accountOf(letter), key: 'first', amountCents: 1_000 };
      await store.topUp({ issuer: ISSUER, ...money, nowMs: NOW_MS });
    }
    const tills = new Map<Merchant, ScriptedTill>();
    for (const merchant of MERCHANTS) tills.set(merchant, await ScriptedTill.open(store, merchant));
    const gates: GateLogs[] = [];
    for (const at of GATES) {
      const branches = [{ log: await addGate(store, at), sentSeq: 0 }];
      gates.push({ branches, clockMs: RIDES_FROM_MS });
    }
    await store.setFare({ line: 'M1', fareCents: 250, fromS: 0 }, NOW_MS);
    return new World(store, { tills, gates });
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** What the store answers. */
  async do(deed: Deed): Promise<unknown> {
    this.#nowMs += STEP_MS;
    switch (deed.kind) {
      case 'ride':
      case 'void':
      case 'note':
      case 'fork':
        return this.#write(deed);
      case 'pay':
      case 'order':
      case 'refund':
      case 'reverse':
        return await this.#trade(deed);
      case 'enrol':
      case 'topUp':
      case 'deny':
      case 'lift':
      case 'block':
        return await this.#ofRider(deed);
      case 'send':
        return await this.#send(deed);
      case 'authorise':
        return await this.#authorise(deed);
      default:
        return await this.#ofTown(deed);
    }
  }

  /** What the gates have not sent yet comes in, and all work is done. */
  async finish(): Promise<void> {
    for (const [gate, { branches }] of this.#gates.entries()) {
      for (const branch of branches.keys()) {
        this.#nowMs += STEP_MS;
        await this.#send({ kind: 'send', gate, branch, skip: null, records: RECORDS_MAX });
      }
    }
    await this.settle();
  }

  /** Works until nothing is due. */
  async settle(): Promise<void> {
    for (;;) {
      const turn = await this.store.workOnce({ issuer: ISSUER, nowMs: this.#nowMs });
      if (turn.kind === 'failed') throw turn.error;
      if (turn.kind === 'idle' && (await this.store.judgeOnce(this.#nowMs)) === 'idle') return;
    }
  }

  #logs(gate: number): GateLogs {
    const logs = this.#gates[gate];
    if (logs === undefined) throw new Error('no such gate');
    return logs;
  }

  #write(deed: Of<'ride' | 'void' | 'note' | 'fork'>): null {
    const logs = this.#logs(deed.gate);
    const log = logs.branches.at(-1)?.log;
    if (log === undefined) throw new Error('a gate has a log');
    logs.clockMs += RECORD_MS;
    const atMs = logs.clockMs;
    switch (deed.kind) {
      case 'ride': {
        const stamp = { boot: bootOf(deed.boot), monoMs: atMs - RIDES_FROM_MS };
        const clock = deed.hasClock ? { atMs } : ({ clock: 'UNKNOWN', atMs: 5_000 } as const);
        const { counter } = deed;
        log.ride({ account: accountOf(deed.rider), counter, atMs }, { ...stamp, ...clock });
        break;
      }
      case 'void':
        if (log.lastSeq > deed.back) log.add({ kind: 'void', atMs, of: log.lastSeq - deed.back });
        break;
      case 'note': {
        const stamp = { boot: bootOf(deed.boot), monoMs: atMs - RIDES_FROM_MS };
        log.add({ kind: 'note', atMs, clock: 'TRUSTED', ...stamp });
        break;
      }
      case 'fork':
        if (logs.branches.length > 1 || log.lastSeq < deed.back) break;
        logs.branches.push({ log: log.fork(log.lastSeq - deed.back), sentSeq: 0 });
    }
    return null;
  }

  async #send({ gate, branch, skip, records }: Of<'send'>): Promise<unknown> {
    const { branches } = this.#logs(gate);
    const from = branches[branch % branches.length];
    if (from === undefined) throw new Error('a gate has a log');
    const { log, sentSeq } = from;
    const fromSeq = skip === null ? sentSeq + 1 : 1 + skip * 3;
    if (fromSeq > log.lastSeq) return null;
    const toSeq = Math.min(log.lastSeq, fromSeq + records - 1);
    if (fromSeq <= sentSeq + 1) from.sentSeq = Math.max(sentSeq, toSeq);
    const result = await this.store.ingestBatch(log.batch(fromSeq, toSeq), this.#nowMs);
    await this.settle();
    return result;
  }

  /** The gate's question, if it comes through, and what it then wrote of it. */
  async #authorise({ gate, rider, opens, isAsked }: Of<'authorise'>): Promise<unknown> {
    const logs = this.#logs(gate);
    const log = logs.branches.at(-1)?.log;
    const at = GATES[gate];
    if (log === undefined || at === undefined) throw new Error('no such gate');
    this.#codes += 1;
    const id = this.#codes.toString(16).padStart(32, '0');
    const asked = isAsked ? await this.#ask({ ...at, id }, rider) : null;
    const ask = log.ask(id);
    log.answer(ask, opens ? { verdict: 'open' } : { verdict: 'refuse', reason: 'NO_ANSWER' });
    return asked;
  }

  async #ask(at: { gate: string; line: string; id: string }, rider: Rider): Promise<unknown> {
    const { gate, line, id } = at;
    const presented = await this.#present(rider, 'online');
    if (presented === null) return null;
    return await this.store.pay({
      issuer: ISSUER,
      payee: { kind: 'gate', gate, line, idempotencyKey: id },
      presented,
      note: null,
      requestHash: id,
      nowMs: this.#nowMs,
    });
  }

  async #trade(deed: Of<'pay' | 'order' | 'refund' | 'reverse'>): Promise<unknown> {
    const till = this.tills.get(deed.merchant);
    if (till === undefined) throw new Error('no such merchant');
    const key = `sale-${deed.key}`;
    const atMs = this.#nowMs;
    if (deed.kind === 'reverse') return await till.tryReverse(key, { atMs });
    if (deed.kind === 'refund') {
      const refundKey = `refund-${deed.refundKey}`;
      return await till.refund(key, { refundKey, amountCents: deed.cents, atMs });
    }
    if (deed.kind === 'pay') {
      const presented = await this.#present(deed.rider, deed.code);
      return presented && (await till.ask(presented, { key, cents: deed.cents, atMs }));
    }
    const order = await till.addOrder(key, deed.cents, { atMs });
    if ('kind' in order) return order;
    const account = accountOf(deed.rider);
    const { amountCents } = order;
    const paid = { order: order.order, account, amountCents, issuer: ISSUER, serial: 1 };
    return [order, await this.store.confirmOrder({ ...paid, nowMs: atMs })];
  }

  /** A code of this rider; null if nobody has enrolled them yet. */
  async #present(rider: Rider, code: PaidBy) {
    const { store } = this;
    const account = accountOf(rider);
    if ((await store.findPass(account, 1)) === undefined) return null;
    this.#codes += 1;
    const nowMs = this.#nowMs;
    const of = { account, serial: 1, nowMs };
    if (code === 'online') {
      const codeHash = `code ${this.#codes}`;
      await store.addOnlineCode({ ...of, codeHash, boundCents: null, expiresAtMs: nowMs + 60_000 });
      return { way: 'ONLINE_CODE', codeHash } as const;
    }
    const handle = String(this.#codes).padStart(8, '0');
    if (code === 'wrong') return { way: 'PAYMENT_CODE', handle, timeStep: null } as const;
    const sealed = new Uint8Array([this.#codes % 256]);
    await store.addSeed({ ...of, handle, keyId: 'k', sealed, expiresAtMs: nowMs + 86_400_000 });
    return { way: 'PAYMENT_CODE', handle, timeStep: this.#codes } as const;
  }

  async #ofRider(deed: Of<'enrol' | 'topUp' | 'deny' | 'lift' | 'block'>): Promise<unknown> {
    const { store } = this;
    const account = accountOf(deed.rider);
    const nowMs = this.#nowMs;
    const id = denyId({ issuer: ISSUER, account, serial: 0 });
    switch (deed.kind) {
      case 'enrol':
        await addRider(store, deed.rider);
        return null;
      case 'topUp': {
        if ((await store.findPass(account, 1)) === undefined) return null;
        const money = { account, key: `top-up ${deed.key}`, amountCents: deed.cents };
        return await store.topUp({ issuer: ISSUER, ...money, nowMs });
      }
      case 'deny':
        return await store.setDenied({ id, note: 'said so', nowMs });
      case 'lift':
        return await store.liftDenied(id, nowMs);
      case 'block':
        return await store.blockPass({ account, serial: 1, issuer: ISSUER, by: 0, nowMs });
    }
  }

  async #ofTown(deed: Of<'settle' | 'fare' | 'publish' | 'resolve' | 'cut'>): Promise<unknown> {
    const { store } = this;
    const nowMs = this.#nowMs;
    switch (deed.kind) {
      case 'settle':
        await this.settle();
        return null;
      case 'fare': {
        const fromS = Math.floor(nowMs / 1000) - deed.agoS;
        const { line, cents } = deed;
        const version = await store.setFare({ line, fareCents: cents, fromS }, nowMs);
        await this.settle();
        return version;
      }
      case 'publish':
        return await store.advanceDenyList(DENY_IDS_MAX, { salt: DENY_SALT, nowMs });
      case 'resolve':
        return await this.#resolve(deed);
      case 'cut': {
        const terms = { retention: RETENTION, nowMs: nowMs + 86_400_000 };
        const more: boolean[] = [];
        for (const kind of CUT_KINDS) more.push(await store.cutOnce(kind, terms));
        return more;
      }
    }
  }

  async #resolve({ gate, how }: Of<'resolve'>): Promise<unknown> {
    const [first] = this.#logs(gate).branches;
    if (first === undefined) throw new Error('a gate has a log');
    const { log } = first;
    const of = { gate: log.gate, epoch: log.epoch, fromSeq: 1, seq: null, hash: null };
    const request = { how, by: 'Vera', note: 'looked at', nowMs: this.#nowMs };
    const result = await this.store.resolveParked({ query: { ...of, limit: 9 }, request });
    await this.settle();
    return result;
  }
}

function bootOf(boot: number): string {
  return `0000000${boot}`;
}
