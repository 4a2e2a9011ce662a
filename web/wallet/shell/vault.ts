/**
 * What a phone stores, as the wallet sees its storage: its key, its pass, its seed, the last counter that
 * a code was made with, and what settlement last said about the account. A counter is on disk before its
 * code exists, and no two tabs get the same one.
 */
import type { Health, Rider, Statement } from '@stile/protocol/http/rider-api.ts';
import type { DeviceKey } from './device-key.ts';
import type { StoredPin } from './pin-key.ts';
import type { StoredSeed } from './seed.ts';

/** Money that was sent for, and of which nobody here knows yet whether it was paid in. */
export type OpenTopUp = { idempotencyKey: string; amountCents: number };

/** What a phone has from its enrolment on. */
export type Enrolment = {
  key: DeviceKey;
  account: string;
  serial: number;
  issuer: number;
  pass: Uint8Array;
  issuedAtS: number;
  expiresAtS: number;
  seed: StoredSeed | null;
  /** Null: nobody has to enter one. */
  pin: StoredPin | null;
  topUp: OpenTopUp | null;
  /** Settlement has said that this pass has ended for good; none of its codes do anything. */
  isEnded?: boolean;
};

/** What is stored otherwise from now on; a function sees what is stored, and nothing comes in between. */
export type EnrolmentChange = Partial<Enrolment> | ((stored: Enrolment) => Partial<Enrolment>);

/** What settlement last said; old as soon as it is stored. */
export type AccountView = {
  rider: Rider;
  statement: Statement;
  currency: string;
  /** The operator's name; a view that was stored by an earlier version of this page has none. */
  operator?: string;
  /** Whether money can be paid in, and whether it is real. */
  topUps: Health['topUps'];
  atMs: number;
  /** Settlement's clock less this phone's, when both were last compared; null: not known. */
  clockOffsetS: number | null;
};

/** What was stored of this account is gone, or another one has its place. */
export class VaultLost extends Error {
  override readonly name = 'VaultLost';
}

export type Vault = {
  readEnrolment(): Promise<Enrolment | undefined>;
  readView(): Promise<AccountView | undefined>;
  /** The account that was enrolled here, as far as this browser still knows, even if its key is gone. */
  enrolledBefore(): string | null;
  /**
   * The key to enrol or recover with, the same one in every tab until there is an enrolment: the response may be
   * lost. @throws if no key can be stored, as in some private windows.
   */
  keepKey(make: () => Promise<DeviceKey>): Promise<DeviceKey>;
  /** That key leads nowhere: the next one is another. */
  dropKey(): Promise<void>;
  /** Takes the place of all that was stored; but an account that is here already goes on with its counter. */
  addEnrolment(enrolment: Enrolment): Promise<void>;
  /** Changes some of what is stored; what another tab has changed meanwhile stays. @throws VaultLost. */
  changeEnrolment(account: string, change: EnrolmentChange): Promise<Enrolment>;
  /** @throws VaultLost. */
  writeView(view: AccountView): Promise<void>;
  /** The next counter; on disk before this resolves, and nobody else gets the same one. @throws VaultLost. */
  takeCounter(account: string): Promise<number>;
  clear(): Promise<void>;
  close(): void;
};
