/**
 * The phone of this browser: what it stores, and what it makes from it without any network. Pages read the
 * signals. Every tab has one of these over the same vault; a change in one is announced to the others.
 */
import { batch, signal } from '@preact/signals';
import { concatBytes, fromHex } from '@stile/protocol/bytes.ts';
import { assert } from '@stile/protocol/fault.ts';
import type { EnrolledRider, RecoveredRider, Session } from '@stile/protocol/http/rider-api.ts';
import type { Algorithm } from '@stile/protocol/signature.ts';
import {
  deviceMessage,
  encodeCodeFields,
  readSignedPass,
  writeTransitCode,
} from '@stile/protocol/transit-code.ts';
import { ApiRefusal, Unreachable } from '../../parts/api.ts';
import type { Tabs } from '../../parts/tabs.ts';
import type { DeviceKey } from './device-key.ts';
import { signWith } from './keys.ts';
import type { MeantCode, SettlementClient } from './settlement-client.ts';
import type { AccountView, Enrolment, EnrolmentChange, Vault } from './vault.ts';

export type PhoneStatus =
  | { kind: 'starting' }
  /** This browser stores nothing for pages (a private window, a policy). */
  | { kind: 'noStorage' }
  | { kind: 'new' }
  /** It was enrolled, and what was stored is gone. */
  | { kind: 'evicted'; account: string }
  | { kind: 'ready' };

export type PhoneParts = {
  openVault: () => Promise<Vault>;
  makeKey: (algorithm: Algorithm | null) => Promise<DeviceKey>;
  /** Asks the browser not to evict what is stored; it may say no, or have no such notion. */
  askToPersist: () => Promise<unknown>;
  settlement: Pick<SettlementClient, 'enrol' | 'recover'>;
  tabs: Tabs;
};

export class Phone {
  readonly status = signal<PhoneStatus>({ kind: 'starting' });
  readonly enrolment = signal<Enrolment | null>(null);
  /** What settlement last said about the account. */
  readonly view = signal<AccountView | null>(null);
  readonly #parts: PhoneParts;
  #vault: Vault | null = null;

  constructor(parts: PhoneParts) {
    this.#parts = parts;
  }

  /** From now on it hears of what other tabs change. */
  async start(): Promise<void> {
    this.#parts.tabs.onChange(() => {
      if (this.#vault !== null) this.#read(this.#vault).catch(() => this.open());
    });
    await this.open();
  }

  /** Opens the vault, anew if it was open, and says by `status` where that leaves this browser. */
  async open(): Promise<void> {
    try {
      this.#vault?.close();
      this.#vault = await this.#parts.openVault();
      await this.#read(this.#vault);
    } catch {
      // No IndexedDB here: nothing that is made in this window would be there the next time.
      this.status.value = { kind: 'noStorage' };
    }
  }

  async #read(vault: Vault): Promise<void> {
    const [enrolment, view] = await Promise.all([vault.readEnrolment(), vault.readView()]);
    const before = vault.enrolledBefore();
    batch(() => {
      this.enrolment.value = enrolment ?? null;
      this.view.value = view ?? null;
      if (enrolment !== undefined) this.status.value = { kind: 'ready' };
      else if (before !== null) this.status.value = { kind: 'evicted', account: before };
      else this.status.value = { kind: 'new' };
    });
  }

  /**
   * A new account; its first session, or null if this browser cannot store a key. What a try before has come to, of
   * which nothing was heard, is this account.
   * @throws ApiRefusal or Unreachable.
   */
  async enrol(algorithm: Algorithm | null, invite: string | null): Promise<Session | null> {
    const { settlement } = this.#parts;
    const ask = (key: DeviceKey) => settlement.enrol(key, invite);
    const enrolled = await this.#ask(ask, { algorithm, over: 'PASS_ENDED' });
    return enrolled?.session ?? null;
  }

  /**
   * The account of a code comes to this phone. Null if this browser cannot store a key.
   * @throws ApiRefusal or Unreachable.
   */
  async recover(algorithm: Algorithm | null, code: MeantCode): Promise<RecoveredRider | null> {
    const { settlement } = this.#parts;
    const ask = (key: DeviceKey) => settlement.recover(key, code);
    return await this.#ask(ask, { algorithm, over: 'KEY_TAKEN' });
  }

  /**
   * Asks with a key that is stored before, and with the same one until there is a response. `over`: the refusal that
   * says that a key of an earlier try is another account's, or its pass has ended; then with a new one, once.
   */
  async #ask<T extends EnrolledRider>(
    ask: (key: DeviceKey) => Promise<T>,
    { algorithm, over }: { algorithm: Algorithm | null; over: 'PASS_ENDED' | 'KEY_TAKEN' },
  ): Promise<T | null> {
    const stored = await this.#keepKey(algorithm);
    if (stored === null) return null;
    try {
      return await this.#settle(stored, await ask(stored));
    } catch (error) {
      if (!(error instanceof ApiRefusal && error.code === over)) throw error;
    }
    await this.#vault?.dropKey();
    const key = await this.#keepKey(algorithm);
    return key && (await this.#settle(key, await ask(key)));
  }

  /** Null, before settlement makes an account that nobody could reach, if it cannot be stored. */
  async #keepKey(algorithm: Algorithm | null): Promise<DeviceKey | null> {
    assert(this.#vault !== null, 'a phone enrols after it was opened');
    try {
      return await this.#vault.keepKey(() => this.#parts.makeKey(algorithm));
    } catch {
      this.status.value = { kind: 'noStorage' };
      return null;
    }
  }

  async #settle<T extends EnrolledRider>(key: DeviceKey, enrolled: T): Promise<T> {
    const { askToPersist, tabs } = this.#parts;
    const { account, serial, issuer, pass } = enrolled;
    const named = { key, account, serial, issuer, ...readPass(pass) };
    const before = this.enrolment.value;
    // The same account by another key: what was sent for is still open.
    const topUp = before?.account === account ? before.topUp : null;
    const enrolment: Enrolment = { ...named, seed: null, pin: null, topUp };
    assert(this.#vault !== null, 'a phone stores after it was opened');
    await this.#vault.addEnrolment(enrolment);
    batch(() => {
      this.enrolment.value = enrolment;
      this.view.value = null;
      this.status.value = { kind: 'ready' };
    });
    tabs.announce();
    // Stored first. A browser that asks its reader waits for them, perhaps for ever: nothing here does.
    askToPersist().catch(() => undefined);
    return enrolled;
  }

  /** @throws VaultLost if this account is not stored any more. */
  async change(account: string, change: EnrolmentChange): Promise<void> {
    assert(this.#vault !== null, 'only an opened phone changes');
    this.enrolment.value = await this.#vault.changeEnrolment(account, change);
    this.#parts.tabs.announce();
  }

  async storeView(view: AccountView): Promise<void> {
    assert(this.#vault !== null, 'only an opened phone has a view');
    await this.#vault.writeView(view);
    this.view.value = view;
  }

  /** Takes everything off this phone; the account stays at settlement. */
  async clear(): Promise<void> {
    await this.#vault?.clear();
    batch(() => {
      this.enrolment.value = null;
      this.view.value = null;
      this.status.value = { kind: 'new' };
    });
    this.#parts.tabs.announce();
  }

  /**
   * A fresh transit code, without network. Its counter is on disk before it exists. Undefined if what was
   * stored is gone; `status` says so then.
   */
  async makeTransitCode(nowS: number): Promise<string | undefined> {
    const { value } = this.enrolment;
    if (value === null) return undefined;
    const { account, key, pass } = value;
    const counter = (await this.#takeCounter(account)) ?? (await this.#takeCounter(account));
    if (counter === undefined) return undefined;
    const fields = encodeCodeFields(pass, { generatedAtS: nowS, counter, flags: 0 });
    return writeTransitCode(concatBytes(fields, await signWith(key, deviceMessage(fields))));
  }

  /** Emptied under an open page, or closed for another tab: what is there now is read anew. */
  async #takeCounter(account: string): Promise<number | undefined> {
    try {
      return await this.#vault?.takeCounter(account);
    } catch {
      await this.open();
      return undefined;
    }
  }
}

/** @throws Unreachable if settlement sent something else than a pass. */
export function readPass(hex: string): Pick<Enrolment, 'pass' | 'issuedAtS' | 'expiresAtS'> {
  const pass = fromHex(hex);
  const read = pass && readSignedPass(pass);
  if (!pass || !read?.ok) throw new Unreachable('settlement sent something else than a pass');
  const { issuedAtS, lifetimeMin } = read.value.pass;
  return { pass, issuedAtS, expiresAtS: issuedAtS + lifetimeMin * 60 };
}
