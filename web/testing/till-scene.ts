/** A shop, a rider with money and the tills of one browser, before a settlement in the same process. */
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import { type ScriptedRider, ScriptedTown } from '@stile/settlement/testing/town.ts';
import { createLanguage } from '../parts/language.ts';
import type { TextStorage } from '../parts/storage.ts';
import { Till } from '../till/shell/till.ts';
import { createTextVault, type TillVault, TOKEN_STORED_AS } from '../till/shell/vault.ts';
import { createMemoryStorage } from './memory-storage.ts';
import { Wire } from './wire.ts';

const MONEY_CENTS = 5_000;

type Parts = { town: ScriptedTown; rider: ScriptedRider; token: string };

export class TillScene {
  readonly town: ScriptedTown;
  readonly wire: Wire;
  readonly rider: ScriptedRider;
  /** Of the manager of the shop `kiosk`. */
  readonly token: string;
  readonly storage: TextStorage;
  vault: TillVault;
  hash = '';
  #tills = 0;

  constructor({ town, rider, token }: Parts) {
    this.town = town;
    this.wire = new Wire(town);
    this.rider = rider;
    this.token = token;
    this.storage = createMemoryStorage({ [TOKEN_STORED_AS]: token });
    this.vault = createTextVault(this.storage);
  }

  /** `startMs`: what settlement's clock shows at first; `timeZone`: of its days. */
  static async open(of: { startMs?: number; timeZone?: string } = {}): Promise<TillScene> {
    const { timeZone = 'UTC', ...start } = of;
    const town = await ScriptedTown.open({ ...start, settings: { timeZone } });
    const token = await town.addMerchant('kiosk');
    const rider = await town.addRider();
    await rider.topUp(MONEY_CENTS);
    return new TillScene({ town, rider, token });
  }

  /** As a page that is loaded finds it: with what the browser has stored, and nothing else. */
  async openTill(): Promise<Till> {
    const { town, wire, storage } = this;
    this.#tills += 1;
    const till = new Till({
      clock: town.clock,
      random: createSeededRandom(this.#tills),
      fetch: wire.fetch,
      vault: this.vault,
      storage,
      sound: { play: () => undefined },
      tabs: { announce: () => undefined, onChange: () => undefined },
      address: {
        hash: () => this.hash,
        clearHash: () => {
          this.hash = '';
        },
      },
      language: createLanguage({ storage, browserLanguage: 'en', root: { lang: '' } }),
    });
    await till.start();
    return till;
  }

  async pass(ms: number): Promise<void> {
    this.town.clock.advance(ms);
    await this.wire.idle();
  }

  /** A payment that settlement takes, without a response however often the till asks. */
  async leaveUnknown(till: Till, amountCents: number): Promise<void> {
    const code = await this.rider.onlineCode();
    this.wire.mode = 'lose';
    void till.sale.take(code, { amountCents });
    await this.wire.idle();
    for (const waitMs of [700, 1_400, 2_100]) await this.pass(waitMs);
    this.wire.mode = 'pass';
  }

  /** What the rider has left of the money that the scene gave. */
  async spentCents(): Promise<number> {
    return MONEY_CENTS - (await this.rider.money()).balanceCents;
  }

  async confirm(order: string): Promise<void> {
    await this.rider.confirmOrder(order);
  }
}
