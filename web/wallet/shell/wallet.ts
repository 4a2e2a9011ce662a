/** The wallet without its pages: its parts, made and put together from what a browser or a test gives. */
import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Algorithm } from '@stile/protocol/signature.ts';
import { createApi } from '../../parts/api.ts';
import type { Clock } from '../../parts/clock.ts';
import type { LanguageChoice } from '../../parts/language.ts';
import type { Fetch } from '../../parts/net.ts';
import type { PageState } from '../../parts/page-state.ts';
import type { Random } from '../../parts/random.ts';
import type { RunAlone, Tabs } from '../../parts/tabs.ts';
import { type Route, routeOf } from '../core/state.ts';
import { EarlierStatement } from './earlier-statement.ts';
import { makeDeviceKey } from './keys.ts';
import { OnlineCodes } from './online-codes.ts';
import { Phone } from './phone.ts';
import { PinLock } from './pin-lock.ts';
import { Refresh } from './refresh.ts';
import { Renewal } from './renewal.ts';
import { RiderEvents } from './rider-events.ts';
import { RiderSession } from './session.ts';
import { type MeantCode, SettlementClient } from './settlement-client.ts';
import { createTicker } from './ticker.ts';
import { TopUps } from './top-ups.ts';
import type { Vault } from './vault.ts';

export type WalletParts = {
  clock: Clock;
  random: Random;
  fetch: Fetch;
  page: PageState;
  /** The part of the address behind its #, and its changes. */
  address: Address;
  language: LanguageChoice;
  tabs: Tabs;
  runAlone: RunAlone;
  openVault: () => Promise<Vault>;
  askToPersist: () => Promise<unknown>;
};

/** `isCovered`: the page was away since; who comes back may be somebody else. */
export type FreshCode = { kind: 'recovery' | 'phone'; code: string; isCovered: boolean };

export type Address = { hash(): string; onChange(run: () => void): void };

export type Wallet = {
  clock: Clock;
  page: PageState;
  language: LanguageChoice;
  /** The wall clock, for what counts down. */
  nowMs: ReadonlySignal<number>;
  /** The page that the address names. */
  route: ReadonlySignal<Route>;
  phone: Phone;
  session: RiderSession;
  settlement: SettlementClient;
  events: RiderEvents;
  renewal: Renewal;
  refresh: Refresh;
  pin: PinLock;
  topUps: TopUps;
  onlineCodes: OnlineCodes;
  statement: EarlierStatement;
  /** A code that is shown this once, until its rider has it; null: none. */
  freshCode: Signal<FreshCode | null>;
  /** @throws ApiRefusal or Unreachable. */
  enrol(algorithm: Algorithm | null, invite: string | null): Promise<void>;
  /** The account of a code comes here. @throws ApiRefusal or Unreachable. */
  recover(algorithm: Algorithm | null, code: MeantCode): Promise<void>;
  /** The recovery code that is shown is on paper: the one before it ends in a week. @throws ApiRefusal or Unreachable. */
  confirmFreshCode(): Promise<void>;
  /** Takes the wallet off this phone; its payment codes end with it if there is a network. */
  remove(): Promise<void>;
  /** From now on it works by itself. */
  start(): Promise<void>;
};

export function createWallet(parts: WalletParts): Wallet {
  const { clock, random, page, address, language, tabs, runAlone } = parts;
  const api = createApi(parts);
  const settlement = new SettlementClient(api);
  const { openVault, askToPersist } = parts;
  const makeKey = (algorithm: Algorithm | null) => makeDeviceKey(algorithm, random);
  const phone = new Phone({ openVault, askToPersist, makeKey, settlement, tabs });
  const session = new RiderSession({ enrolment: phone.enrolment, settlement });
  const events = new RiderEvents({ api, clock, session, onChange: () => refresh.run() });
  const ticker = createTicker(clock, page);
  const { nowMs } = ticker;
  const pin = new PinLock({ clock, random, page, nowMs, phone, session, settlement });
  const renewal = new Renewal({ clock, phone, session, settlement, pin });
  const topUps = new TopUps({ random, phone, session, settlement });
  const statement = new EarlierStatement({ phone, session, settlement });
  const onlineCodes = new OnlineCodes({ clock, phone, session, settlement, events });
  const work = { phone, session, settlement, events, renewal, topUps };
  const refresh: Refresh = new Refresh({ clock, page, runAlone, ...work });
  const freshCode = signal<FreshCode | null>(null);
  const route = signal(routeOf(address.hash()));
  return {
    clock,
    page,
    language,
    nowMs,
    route,
    ...work,
    refresh,
    pin,
    onlineCodes,
    statement,
    freshCode,
    async enrol(algorithm, invite) {
      const first = await phone.enrol(algorithm, invite);
      if (first !== null) session.use(first);
    },
    async recover(algorithm, code) {
      const recovered = await phone.recover(algorithm, code);
      if (recovered === null) return;
      const { session: first, recoveryCode } = recovered;
      session.use(first);
      const { code: next } = recoveryCode ?? {};
      freshCode.value =
        next === undefined ? null : { kind: 'recovery', code: next, isCovered: false };
    },
    async confirmFreshCode() {
      const fresh = freshCode.value;
      if (fresh?.kind !== 'recovery') return;
      await session.run((token) => settlement.confirmRecoveryCode(token, fresh.code));
      freshCode.value = null;
      refresh.run();
    },
    async remove() {
      await session
        .run((token) => settlement.endSeeds(token))
        .catch(() => {
          // The seed is deleted here in any case, and ends by itself.
        });
      await phone.clear();
    },
    async start() {
      address.onChange(() => {
        batch(() => {
          route.value = routeOf(address.hash());
          events.news.value = null;
        });
      });
      page.onChange('visibility', () => {
        const fresh = freshCode.value;
        if (fresh !== null && !page.isVisible()) freshCode.value = { ...fresh, isCovered: true };
      });
      ticker.start();
      await phone.start();
      refresh.start();
    },
  };
}
