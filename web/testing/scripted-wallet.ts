/**
 * A wallet without a browser, before a real settlement in the same process. Both go by one clock that a test
 * moves; the wire between them, the page and the vault are the test's too.
 */

import { createSeededRandom } from '@stile/host/seeded-random.ts';
import type { MovedClock } from '@stile/host/testing/moved-clock.ts';
import { ScriptedTown, type TownOptions } from '@stile/settlement/testing/town.ts';
import { createLanguage } from '../parts/language.ts';
import type { RunAlone } from '../parts/tabs.ts';
import { createWallet, type Wallet } from '../wallet/shell/wallet.ts';
import { createMemoryStorage } from './memory-storage.ts';
import { MemoryVault } from './memory-vault.ts';
import { ScriptedPage } from './scripted-page.ts';
import { Wire } from './wire.ts';

/** So often settlement says on a stream that it is there. */
const HEARTBEAT_MS = 15_000;

export class ScriptedWallet {
  readonly town: ScriptedTown;
  readonly clock: MovedClock;
  readonly wire: Wire;
  readonly page = new ScriptedPage();
  readonly vault = new MemoryVault();
  readonly wallet: Wallet;
  #runs = 0;
  #wallets = 0;
  readonly #ended = new EventTarget();

  private constructor(town: ScriptedTown) {
    this.town = town;
    this.clock = town.clock;
    this.wire = new Wire(town);
    this.wallet = this.#create();
  }

  #create(): Wallet {
    this.#wallets += 1;
    return createWallet({
      clock: this.clock,
      random: createSeededRandom(this.#wallets),
      fetch: this.wire.fetch,
      page: this.page,
      address: { hash: () => '', onChange: () => undefined },
      language: createLanguage({
        storage: createMemoryStorage(),
        browserLanguage: 'en-GB',
        root: { lang: '' },
      }),
      tabs: { announce: () => undefined, onChange: () => undefined },
      runAlone: this.#runAlone,
      openVault: async () => this.vault,
      askToPersist: async () => undefined,
    });
  }

  /** Started, with nothing stored yet. */
  static async open(options: TownOptions = {}): Promise<ScriptedWallet> {
    const scripted = new ScriptedWallet(await ScriptedTown.open(options));
    // Within a second, as clocks stand: settlement's is read in whole ones.
    scripted.clock.advance(400);
    await scripted.wallet.start();
    return scripted;
  }

  /** Enrolled, and all that it does by itself behind that is done. */
  static async enrolled(options: TownOptions = {}): Promise<ScriptedWallet> {
    const scripted = await ScriptedWallet.open(options);
    await scripted.wallet.enrol(null, null);
    await scripted.idle();
    return scripted;
  }

  /** Another page over the same vault, as after a reload or in another tab; the one before hears nothing of it. */
  async reload(): Promise<Wallet> {
    const wallet = this.#create();
    await wallet.start();
    await this.idle();
    return wallet;
  }

  readonly #runAlone: RunAlone = async (work) => {
    this.#runs += 1;
    try {
      await work();
    } finally {
      this.#runs -= 1;
      this.#ended.dispatchEvent(new Event('end'));
    }
  };

  /** Waits until no refresh is under way, nor one that was called for by the one before. */
  async idle(): Promise<void> {
    do {
      while (this.#runs > 0) {
        await new Promise((resolve) => {
          this.#ended.addEventListener('end', resolve, { once: true });
        });
      }
      // All that follows from the end of a run is done before the next turn of the loop.
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#runs > 0);
  }

  /** Lets time pass with a stream that stays alive, and what falls due on the way get done. */
  async pass(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= HEARTBEAT_MS) {
      this.clock.advance(Math.min(leftMs, HEARTBEAT_MS));
      this.wire.heartbeat();
      await this.idle();
    }
  }

  /**
   * So much later, as after a phone's long sleep: no alarm has rung meanwhile. Settlement has slept as long, and
   * goes by its clock only when a person says that it is right.
   */
  async sleep(ms: number): Promise<void> {
    this.clock.setWall(this.clock.now().wallMs + ms);
    const nowS = Math.floor(this.clock.now().wallMs / 1000);
    await this.town.operate('POST', 'clock', { body: { nowS } });
  }

  async close(): Promise<void> {
    await this.town.close();
  }
}
