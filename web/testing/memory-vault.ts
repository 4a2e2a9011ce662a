/** A vault without IndexedDB: what it stores lives as long as the object, and a test may empty it. */
import type { DeviceKey } from '../wallet/shell/device-key.ts';
import {
  type AccountView,
  type Enrolment,
  type EnrolmentChange,
  type Vault,
  VaultLost,
} from '../wallet/shell/vault.ts';

export class MemoryVault implements Vault {
  #enrolment: Enrolment | undefined;
  #view: AccountView | undefined;
  #pending: DeviceKey | undefined;
  #mark: string | null = null;
  readonly #counters = new Map<string, number>();

  /** As a browser does that needs the room, or somebody who clears the site's data: the mark stays. */
  evict(): void {
    this.#enrolment = undefined;
    this.#view = undefined;
    this.#pending = undefined;
    this.#counters.clear();
  }

  async readEnrolment(): Promise<Enrolment | undefined> {
    return this.#enrolment;
  }

  async readView(): Promise<AccountView | undefined> {
    return this.#view;
  }

  enrolledBefore(): string | null {
    return this.#mark;
  }

  async keepKey(make: () => Promise<DeviceKey>): Promise<DeviceKey> {
    this.#pending ??= await make();
    return this.#pending;
  }

  async dropKey(): Promise<void> {
    this.#pending = undefined;
  }

  async addEnrolment(enrolment: Enrolment): Promise<void> {
    const counter = this.#counters.get(enrolment.account) ?? 0;
    this.evict();
    this.#enrolment = enrolment;
    this.#counters.set(enrolment.account, counter);
    this.#mark = enrolment.account;
  }

  async changeEnrolment(account: string, change: EnrolmentChange): Promise<Enrolment> {
    if (this.#enrolment?.account !== account) throw new VaultLost('this account is not here');
    const stored = this.#enrolment;
    this.#enrolment = { ...stored, ...(typeof change === 'function' ? change(stored) : change) };
    return this.#enrolment;
  }

  async writeView(view: AccountView): Promise<void> {
    this.#view = view;
  }

  async takeCounter(account: string): Promise<number> {
    const last = this.#counters.get(account);
    if (last === undefined) throw new VaultLost('this account has no counter');
    this.#counters.set(account, last + 1);
    return last + 1;
  }

  async clear(): Promise<void> {
    this.evict();
    this.#mark = null;
  }

  readonly close = (): void => undefined;
}
