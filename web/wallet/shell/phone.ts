/**
 * The phone of this browser: what it keeps, and what it makes from it without any network. Pages read the
 * signals. Every tab has one of these over the same vault; a change in one is told to the others.
 */
import { batch, signal } from '@preact/signals';
import { concatBytes, fromHex } from '@stile/protocol/bytes.ts';
import { assert } from '@stile/protocol/fault.ts';
import type { Algorithm } from '@stile/protocol/signature.ts';
import {
  deviceMessage,
  encodeCodeFields,
  readSignedPass,
  writeTransitCode,
} from '@stile/protocol/transit-code.ts';
import { Unreachable } from '../../parts/api.ts';
import { makeDeviceKey, signWith } from './keys.ts';
import { enrol as enrolKey, type Session } from './settlement-client.ts';
import {
  askToPersist,
  enrolledBefore,
  openVault,
  type Phone,
  type Seen,
  type Vault,
} from './vault.ts';

export type Standing =
  | { kind: 'starting' }
  /** This browser keeps nothing for pages (a private window, a policy). */
  | { kind: 'noStorage' }
  | { kind: 'new' }
  /** It was enrolled, and what was kept is gone. */
  | { kind: 'evicted'; account: string }
  | { kind: 'ready' };

export const standing = signal<Standing>({ kind: 'starting' });
export const phone = signal<Phone | null>(null);
export const seen = signal<Seen | null>(null);

let vault: Vault | null = null;
const tabs = new BroadcastChannel('stile-wallet');
tabs.addEventListener('message', () => {
  if (vault !== null) read(vault).catch(open);
});

/** Opens the vault, anew where it was open, and says by `standing` where that leaves this browser. */
export async function open(): Promise<void> {
  try {
    vault?.close();
    vault = await openVault();
    await read(vault);
  } catch {
    // No IndexedDB here: nothing that is made in this window would be there the next time.
    standing.value = { kind: 'noStorage' };
  }
}

async function read(from: Vault): Promise<void> {
  const [kept, last] = await Promise.all([from.readPhone(), from.readSeen()]);
  const before = enrolledBefore();
  batch(() => {
    phone.value = kept ?? null;
    seen.value = last ?? null;
    if (kept !== undefined) standing.value = { kind: 'ready' };
    else if (before !== null) standing.value = { kind: 'evicted', account: before };
    else standing.value = { kind: 'new' };
  });
}

/**
 * A new account with a new key; its first session, or null where this browser cannot keep the key.
 * @throws ApiRefusal or Unreachable.
 */
export async function enrol(wanted: Algorithm | null): Promise<Session | null> {
  assert(vault !== null, 'a phone enrols after it was opened');
  const key = await makeDeviceKey(wanted);
  try {
    await vault.tryKey(key);
  } catch {
    // Before settlement makes an account that nobody could reach.
    standing.value = { kind: 'noStorage' };
    return null;
  }
  const { account, serial, issuer, pass, session } = await enrolKey(key);
  await askToPersist();
  const next: Phone = { key, account, serial, issuer, ...readPass(pass), seed: null };
  await vault.addPhone(next);
  batch(() => {
    phone.value = next;
    seen.value = null;
    standing.value = { kind: 'ready' };
  });
  tabs.postMessage('changed');
  return session;
}

/** Forgets everything on this phone; the account stays at settlement. */
export async function forget(): Promise<void> {
  await vault?.forget();
  batch(() => {
    phone.value = null;
    seen.value = null;
    standing.value = { kind: 'new' };
  });
  tabs.postMessage('changed');
}

/** @throws VaultLost where this account is not kept any more. */
export async function changePhone(account: string, change: Partial<Phone>): Promise<void> {
  assert(vault !== null, 'only an opened phone changes');
  phone.value = await vault.changePhone(account, change);
  tabs.postMessage('changed');
}

export async function keepSeen(next: Seen): Promise<void> {
  assert(vault !== null, 'only an opened phone sees');
  await vault.writeSeen(next);
  seen.value = next;
}

/**
 * A fresh transit code, without network. Its counter is on disk before it exists. Undefined where what
 * was kept is gone; `standing` says so then.
 */
export async function makeTransitCode(nowS: number): Promise<string | undefined> {
  const { value } = phone;
  if (value === null) return undefined;
  const counter = (await takeCounter(value.account)) ?? (await takeCounter(value.account));
  if (counter === undefined) return undefined;
  const fields = encodeCodeFields(value.pass, { generatedAtS: nowS, counter, flags: 0 });
  return writeTransitCode(concatBytes(fields, await signWith(value.key, deviceMessage(fields))));
}

/** Emptied under an open page, or closed for another tab: what is there now is read anew. */
async function takeCounter(account: string): Promise<number | undefined> {
  try {
    return await vault?.takeCounter(account);
  } catch {
    await open();
    return undefined;
  }
}

/** @throws Unreachable where settlement sent something else than a pass. */
export function readPass(hex: string): Pick<Phone, 'pass' | 'issuedAtS' | 'expiresAtS'> {
  const pass = fromHex(hex);
  const read = pass && readSignedPass(pass);
  if (!pass || !read?.ok) throw new Unreachable('settlement sent something else than a pass');
  const { issuedAtS, lifetimeMin } = read.value.pass;
  return { pass, issuedAtS, expiresAtS: issuedAtS + lifetimeMin * 60 };
}
