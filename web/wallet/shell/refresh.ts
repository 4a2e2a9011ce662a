/**
 * What a wallet does by itself while it has a network: it looks at the account, renews its pass, fetches a
 * seed, listens to what happens. Everything here may fail at any time; the codes never wait for it.
 */
import { signal } from '@preact/signals';
import { timeStepAt } from '@stile/protocol/payment-code.ts';
import { type RiderEvent, riderEventSchema } from '@stile/protocol/rider-api.ts';
import type { Algorithm } from '@stile/protocol/signature.ts';
import { ApiRefusal, Unreachable } from '../../parts/api.ts';
import { listen } from '../../parts/events.ts';
import { clockOffset, errandsWaitMs, isRenewalDue, isSeedDue } from '../core/state.ts';
import { changePhone, enrol, forget, keepSeen, open, phone, readPass, seen } from './phone.ts';
import { keepSeed } from './seed.ts';
import { dropSession, takeSession, withSession } from './session.ts';
import * as settlement from './settlement-client.ts';
import { type Seen, VaultLost } from './vault.ts';

export const isOnline = signal(navigator.onLine);
/** What settlement refused last in the background, in its own words; null after a success. */
export const refusal = signal<{ code: string; message: string } | null>(null);
/** The latest news, for the page to say aloud. */
export const news = signal<RiderEvent | null>(null);
/** The operator has no payment codes at all. */
export const paymentCodesOff = signal(false);
/** The step whose payment code was presented, as settlement said: it is good for nothing more. */
export const spentStep = signal<number | null>(null);

let isBusy = false;
let isWanted = false;
let timer: ReturnType<typeof setTimeout> | undefined;
let listening: AbortController | null = null;
let looks = 0;

/** From now on by itself, and whenever the network or the reader comes back. */
export function startErrands(): void {
  addEventListener('online', runErrands);
  addEventListener('offline', () => {
    isOnline.value = false;
    plan();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') runErrands();
  });
  let account: string | undefined;
  phone.subscribe((kept) => {
    if (kept?.account === account) return;
    // Enrolled or forgotten, in this tab or another one.
    account = kept?.account;
    stopListening();
    runErrands();
  });
}

/** @throws ApiRefusal or Unreachable. */
export async function setUp(wanted: Algorithm | null): Promise<void> {
  const session = await enrol(wanted);
  if (session !== null) takeSession(session);
}

/** Takes the wallet off this phone; its payment codes end with it where there is a network. */
export async function leave(): Promise<void> {
  await withSession(settlement.endSeeds).catch(() => {
    // The seed is deleted here in any case, and ends by itself.
  });
  await forget();
}

/** At once, or once more behind the run that is under way. */
export function runErrands(): void {
  if (phone.value === null) return;
  isWanted = true;
  if (isBusy) return;
  isBusy = true;
  void work().finally(() => {
    isBusy = false;
    plan();
  });
}

function plan(): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (document.visibilityState === 'visible') runErrands();
    else plan();
  }, errandsWaitMs(isOnline.value));
}

async function work(): Promise<void> {
  while (isWanted) {
    isWanted = false;
    // One tab at a time, or two would fetch two seeds. Without locks (plain http) it just costs a seed.
    if (navigator.locks === undefined) await doErrands();
    else await navigator.locks.request('stile-errands', doErrands);
  }
}

async function doErrands(): Promise<void> {
  if (phone.value === null) return;
  try {
    await look();
    startListening();
    await renewIfDue();
    await fetchSeedIfDue();
    refusal.value = null;
  } catch (error) {
    if (error instanceof ApiRefusal) {
      isOnline.value = true;
      refusal.value = { code: error.code, message: error.message };
    } else if (error instanceof Unreachable) {
      isOnline.value = false;
    } else if (error instanceof VaultLost) {
      await open();
    } else {
      throw error;
    }
  }
}

/** Reads what settlement says now; pages show it as it comes. @throws ApiRefusal or Unreachable. */
export async function look(): Promise<void> {
  looks += 1;
  const turn = looks;
  const askedAtMs = Date.now();
  const nowS = await settlement.readClock();
  const clockOffsetS = clockOffset(nowS, askedAtMs, Date.now());
  const next = await withSession(async (token): Promise<Seen> => {
    const [rider, statement, currency] = await Promise.all([
      settlement.readRider(token),
      settlement.readStatement(token, null),
      seen.value?.currency ?? settlement.readCurrency(),
    ]);
    return { rider, statement, currency, atMs: Date.now(), clockOffsetS };
  });
  isOnline.value = true;
  // Answers may overtake each other; only the last question counts. The phone may be another's by now.
  if (turn === looks && phone.value?.account === next.rider.account) await keepSeen(next);
}

async function renewIfDue(): Promise<void> {
  const { value } = phone;
  if (value === null || !isRenewalDue(value, serverNowMs() / 1000)) return;
  const { pass } = await settlement.renewPass(value);
  await changePhone(value.account, readPass(pass));
}

async function fetchSeedIfDue(): Promise<void> {
  const { value } = phone;
  if (value === null || !isSeedDue(value.seed, serverNowMs() / 1000)) return;
  try {
    await withSession(async (token) => {
      const given = await settlement.fetchSeed(token);
      // Kept before it is confirmed: settlement ends the seed before it then.
      await changePhone(value.account, { seed: await keepSeed(given) });
      await settlement.confirmSeed(token, given.handle);
    });
    paymentCodesOff.value = false;
  } catch (error) {
    // An operator without a key for seeds has no payment codes; everything else works.
    if (!(error instanceof ApiRefusal) || error.code !== 'PAYMENT_CODES_OFF') throw error;
    paymentCodesOff.value = true;
  }
}

/** What time settlement has, as far as this phone knows; its own clock where they never met. */
export function serverNowMs(): number {
  return Date.now() + (seen.value?.clockOffsetS ?? 0) * 1000;
}

function startListening(): void {
  if (listening !== null) return;
  const controller = new AbortController();
  listening = controller;
  void withSession(async (token) => {
    await listen('/v1/riders/me/events', {
      token,
      schema: riderEventSchema,
      signal: controller.signal,
      onState: (state) => {
        if (state === 'refused') {
          // The session has ended; the errands open another and listen with that.
          stopListening();
          dropSession();
        }
        runErrands();
      },
      onEvent: hear,
    });
  }).catch(stopListening);
}

function stopListening(): void {
  listening?.abort();
  listening = null;
}

function hear(event: RiderEvent): void {
  if (event.kind !== 'ACCOUNT') news.value = event;
  if (event.kind === 'PAYMENT' && event.payment.way === 'PAYMENT_CODE') {
    spentStep.value = timeStepAt(Date.now() / 1000);
  }
  runErrands();
}
