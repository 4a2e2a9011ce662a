/**
 * The scenes in which there is a network: a kiosk takes payment codes of phones that have none, and the
 * gate takes payment and online codes. It collects what was paid; play.ts compares.
 */

import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import type { MerchantToken } from '@stile/protocol/http/operator-api.ts';
import { plainMoney } from './money.ts';
import { stile } from './processes.ts';
import type { Phone, Stage } from './stage.ts';
import { ScriptedTill } from './till.ts';

const MERCHANT = 'kiosk-1';
const COFFEE_CENTS = 320;
const PAPER_CENTS = 80;
const SPILT_CENTS = 120;

/** One payment at the kiosk, as it was and as it had to be. */
export type Sale = {
  who: string;
  what: string;
  amountCents: number;
  expected: string;
  actual: string;
};

export async function openShop(stage: Stage): Promise<MerchantToken> {
  const shop = ['--merchant', MERCHANT, '--name', 'Harbour Kiosk'];
  return await stage.operate<MerchantToken>('add-merchant', shop);
}

export class Shop {
  readonly sales: Sale[] = [];
  readonly #stage: Stage;
  readonly #tell: (text: string) => void;
  readonly #paidCents = new Map<string, number>();
  #till!: ScriptedTill;
  #keys = 0;
  /** For the person who plays on with `--keep`. */
  token = '';

  constructor(stage: Stage, tell: (text: string) => void) {
    this.#stage = stage;
    this.#tell = tell;
  }

  async open(): Promise<void> {
    const tokens = await openShop(this.#stage);
    this.token = tokens.token;
    this.#till = new ScriptedTill(this.#stage.settlementUrl, tokens);
  }

  /** What a rider has left at the kiosk. */
  paidCents(who: string): number {
    return this.#paidCents.get(who) ?? 0;
  }

  takingsCents(): number {
    return [...this.#paidCents.values()].reduce((sum, paid) => sum + paid, 0);
  }

  async trade(phones: { ada: Phone; ben: Phone; dan: Phone }): Promise<void> {
    const ada = await makePaymentCode(phones.ada);
    const coffee = await this.#sell({
      who: 'ada',
      what: 'a coffee, phone offline',
      code: ada,
      amountCents: COFFEE_CENTS,
      expected: 'PAID',
    });
    await this.#sell({
      who: 'eve',
      what: "ada's digits once more",
      code: ada,
      amountCents: PAPER_CENTS,
      expected: 'CODE_USED',
    });
    const dan = await makePaymentCode(phones.dan);
    await this.#sell({
      who: 'thief',
      what: "dan's stolen phone",
      code: dan,
      amountCents: PAPER_CENTS,
      expected: 'DENIED',
    });
    const ben = await makePaymentCode(phones.ben);
    const idempotencyKey = this.#nextKey();
    // This response is lost: the till has to send again, and must not charge again.
    await this.#till.pay({ idempotencyKey, code: ben, amountCents: PAPER_CENTS });
    await this.#sell({
      who: 'ben',
      what: 'asked again: answer was lost',
      code: ben,
      amountCents: PAPER_CENTS,
      expected: 'PAID',
      idempotencyKey,
    });
    const back = { idempotencyKey: this.#nextKey(), amountCents: SPILT_CENTS };
    await this.#till.refund(coffee, back);
    this.#count('ada', -SPILT_CENTS);
    this.#tell(`ada      ${'spilt: the kiosk gives back'.padEnd(36)} ${plainMoney(SPILT_CENTS)}`);
  }

  /** One sale; its idempotency key names the payment afterwards. */
  async #sell(
    sale: Omit<Sale, 'actual'> & { code: string; idempotencyKey?: string },
  ): Promise<string> {
    const { who, what, code, amountCents, expected, idempotencyKey = this.#nextKey() } = sale;
    const payment = await this.#till.pay({ idempotencyKey, code, amountCents });
    const actual = wordOf(payment);
    this.sales.push({ who, what, amountCents, expected, actual });
    if (actual === 'PAID') this.#count(who, amountCents);
    const mark = actual === expected ? '' : `   (expected ${expected})`;
    this.#tell(`${who.padEnd(8)} ${what.padEnd(36)} ${plainMoney(amountCents)} ${actual}${mark}`);
    return idempotencyKey;
  }

  #count(who: string, amountCents: number): void {
    this.#paidCents.set(who, this.paidCents(who) + amountCents);
  }

  #nextKey(): string {
    this.#keys += 1;
    return `demo-sale-${this.#keys}`;
  }
}

/** The 20 digits that a phone shows, made without any network. */
export async function makePaymentCode(phone: Phone): Promise<string> {
  return (await stile(['rider', 'payment-code', '--phone', phone.file])).trim();
}

/** The one-time code that settlement makes for a phone that is online. */
export async function fetchOnlineCode(phone: Phone): Promise<string> {
  return (await stile(['rider', 'online-code', '--phone', phone.file])).trim();
}

function wordOf({ outcome, reason }: Payment): string {
  return reason ?? outcome;
}
