/**
 * The keys of the operator besides those that sign passes: the root, which certifies, and the online keys that
 * sign lists and answers. The root may be away; then what it signs is carried here by hand. What is public of
 * them is in the database, the private halves are files.
 */
import { rmSync } from 'node:fs';
import type { SigningKey } from '@stile/crypto/sign.ts';
import { type Clock, wallS } from '@stile/host/clock.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { HeldRoot } from '@stile/protocol/gate-log.ts';
import type {
  OperatorKeysView,
  RootGrant,
  RootRequest,
} from '@stile/protocol/http/operator-api.ts';
import type { Health } from '@stile/protocol/http/rider-api.ts';
import { type OnlineKey, RootTrust, signedAtS } from '@stile/protocol/root-trust.ts';
import {
  fingerprintOf,
  type RootKey,
  type SignedType,
  type Signer,
  signObject,
} from '@stile/protocol/signed.ts';
import type { SettlementFile } from '../config.ts';
import { findOnlineKey, onlineKeyNeed, onlineKeyState } from '../core/lists/online-keys.ts';
import { isLaterRoot, type OwnRoot } from '../core/lists/root-floor.ts';
import { ensureKey, isRootAway, onlineKeyFile, readKey, rootKeyFile } from '../data-dir.ts';
import type { Store } from '../store/port.ts';
import { HeldRoots, type OwnKeys } from './held-roots.ts';
import { requireKeysOfBooks } from './keys-of-books.ts';
import { openGrant } from './open-grant.ts';
import { type Book, beginBook, META_KEY, readBook } from './operator-book.ts';
import { rootKeyOf, signGrant, signRotation, stateOfStatements } from './root-grant.ts';

/** Ended ones included, which say what was. */
const CERTIFICATES_KEPT_MAX = 64;

type Held = OnlineKey & { certificate: string };

/** Signs what says when it was signed, by a key that is good at that time. */
export type DocumentSigner = { sign(type: SignedType, document: object): Promise<string> };

export type OperatorKeysParts = {
  dataDir: string;
  store: Pick<Store, 'readMeta' | 'swapMeta' | 'readRootFacts'>;
  config: SettlementFile;
  clock: Clock;
};

/**
 * Opens them; a settlement that has none yet gets a root and the one that will follow it.
 * @throws Fault FILE_UNREADABLE if a key is damaged or another, or missing and nobody took it out on purpose.
 */
export async function openOperatorKeys(parts: OperatorKeysParts): Promise<OperatorKeys> {
  const { dataDir, store } = parts;
  const text = (await store.readMeta(META_KEY)) ?? (await beginBook(parts));
  const { statements } = readBook(text);
  const keys = new OperatorKeys(parts, new RootTrust(await stateOfStatements(statements)));
  await requireKeysOfBooks(dataDir, { text, nowS: wallS(parts.clock) });
  await keys.load(text);
  return keys;
}

export class OperatorKeys implements DocumentSigner {
  readonly trust: RootTrust;
  readonly #parts: OperatorKeysParts;
  readonly #signers = new Map<number, Signer>();
  /** As it was read or written last. */
  #book = '';
  #statements: readonly string[] = [];
  #keys: readonly Held[] = [];
  #latest: Promise<unknown> = Promise.resolve();
  readonly #held: HeldRoots;

  constructor(parts: OperatorKeysParts, trust: RootTrust) {
    this.#parts = parts;
    this.trust = trust;
    this.#held = new HeldRoots(parts.store);
  }

  /** @param text the book as it is stored */
  async load(text: string): Promise<void> {
    const { statements, certificates } = readBook(text);
    this.#book = text;
    this.#statements = statements;
    this.#keys = await Promise.all(certificates.map((word) => this.#openOwn(word)));
  }

  /** Another process may have installed what a root has said. */
  async refresh(): Promise<void> {
    await this.#held.refresh();
    await this.#inTurn(async () => {
      const text = await this.#parts.store.readMeta(META_KEY);
      if (text === undefined || text === this.#book) return;
      const { statements } = readBook(text);
      this.trust.adopt(await stateOfStatements(statements));
      await this.load(text);
      this.#signers.clear();
    });
  }

  /** What the roots have said, for everybody to follow. */
  get statements(): readonly string[] {
    return this.#statements;
  }

  get rootKey(): RootKey {
    return this.trust.state.root;
  }

  get isRootHere(): boolean {
    return !isRootAway(this.#parts.dataDir);
  }

  /** @throws Fault KEY_ENDED: nothing is signed past an end. */
  async sign(type: SignedType, document: object): Promise<string> {
    return await signObject(type, document, await this.#signerAt(signedAtS(document)));
  }

  canSignAt(atS: number): boolean {
    return this.isRootHere || this.#find(atS) !== undefined;
  }

  /**
   * Before something is done that has to be answered by a signature.
   * @throws Fault KEY_ENDED
   */
  requireSigner(atS: number): void {
    if (!this.canSignAt(atS)) throw noneSigns();
  }

  /** Which key signs at this instant, for what is made once for each. */
  nameAt(atS: number): string {
    return `${this.rootKey.x}/${this.#find(atS)?.number ?? 0}`;
  }

  /** Whether who signed this is believed still. */
  async isBelieved(jws: string): Promise<boolean> {
    return await this.trust.isBelieved(jws);
  }

  /** Until when there is a key, and whether a person has to see to it that there will be. */
  need(): { signsUntilS: number | null; isDue: boolean } {
    const atS = wallS(this.#parts.clock);
    const { floor } = this.trust.state;
    const { onlineKeyWarnS: warnS } = this.#parts.config.lists;
    const { isDue, endsAtS } = onlineKeyNeed(this.#keys, { floor, atS, warnS });
    return { signsUntilS: endsAtS, isDue };
  }

  /** For everybody to see: whether lists and answers are signed, and for how long. */
  health(): Health['signing'] {
    const { signsUntilS, isDue } = this.need();
    if (signsUntilS === null && !this.isRootHere) return 'ENDED';
    if (this.gatesAhead().refusing.length > 0) return 'REFUSED';
    if (this.isRootHere) return 'GOOD';
    return isDue ? 'ENDS_SOON' : 'GOOD';
  }

  /** Gates that have heard more of the roots than there is here, and those that refuse what is signed now. */
  gatesAhead(): { ahead: string[]; refusing: string[] } {
    return this.#held.gatesAhead(this.#own());
  }

  /** Of the roots, as a gate says it. */
  get heard(): OwnRoot {
    return this.#own().own;
  }

  /** What a gate says that it holds. Whether it has heard more than was known to be heard until now. */
  async noteHeld(gate: string, held: HeldRoot): Promise<boolean> {
    const { own } = this.#own();
    if (!isLaterRoot(held, own) || this.gatesAhead().ahead.includes(gate)) return false;
    await this.#held.refresh();
    return true;
  }

  /**
   * While the root is here: a new key ahead of the end of the one that signs, and a new word that gates take if
   * they have heard later ones, from before a restore.
   */
  async keepAhead(): Promise<OnlineKey | null> {
    await this.#held.refresh();
    if (!this.isRootHere || !this.#isDueHere()) return null;
    return await this.#inTurn(async () => {
      return this.#isDueHere() ? await this.#addHere({ endOthers: false }) : null;
    });
  }

  /** Gates of a later root follow no word of this one: a person has to let the next root take over. */
  #isDueHere(): boolean {
    const { own } = this.#own();
    const isBehind =
      this.#held.isBehind(own) && this.#held.above(own).generation === own.generation;
    return isBehind || this.need().isDue;
  }

  /** What to carry to the root. Asked again before it is granted it is the same request. */
  async request(): Promise<RootRequest> {
    const { dataDir, config } = this.#parts;
    const { operator } = config;
    await this.#held.refresh();
    const { own } = this.#own();
    const above = this.#held.above(own);
    const number = this.#held.nextNumber(this.#keys, own);
    const publicKey = rootKeyOf(ensureKey(onlineKeyFile(dataDir, number)));
    const statements = [...this.#statements];
    const { unreported } = this.#held;
    const asked = { operator, statements, above, unreported, number, publicKey };
    return { stile: 'root-request/1', ...asked };
  }

  /**
   * Takes what a root has signed.
   * @throws Fault REQUEST_INVALID if it is not for this settlement, or of a root that does not count.
   */
  async install(grant: RootGrant): Promise<OnlineKey> {
    return await this.#inTurn(() => this.#install(grant));
  }

  /** Another online key, which signs from now on. */
  async addOnlineKey(): Promise<OnlineKey> {
    this.#requireRoot('stile root sign');
    return await this.#inTurn(() => this.#addHere({ endOthers: false }));
  }

  /** Ends the online keys that there are, and goes on with a new one. */
  async endOnlineKeys(): Promise<OnlineKey> {
    this.#requireRoot('stile root sign --end-others');
    return await this.#inTurn(() => this.#addHere({ endOthers: true }));
  }

  /** The announced root takes over; another one is announced. */
  async rotateRoot({ withoutGates }: { withoutGates: readonly string[] }): Promise<OnlineKey> {
    this.#requireRoot('stile root rotate');
    return await this.#inTurn(() => this.#rotateHere(withoutGates));
  }

  async view(): Promise<OperatorKeysView> {
    await this.#held.refresh();
    const { ahead: gatesAhead, refusing: gatesRefusing } = this.gatesAhead();
    const { generation, floor, root, next, number } = this.trust.state;
    const atS = wallS(this.#parts.clock);
    const signing = this.#find(atS)?.number;
    const onlineKeys = this.#keys.map((key) => ({
      number: key.number,
      publicKey: key.publicKey.x,
      notBeforeS: key.notBeforeS,
      notAfterS: key.notAfterS,
      state: onlineKeyState(key, { floor, atS, signing }),
    }));
    return {
      root: {
        generation,
        statement: number,
        fingerprint: await fingerprintOf(root),
        next: next ?? '',
        isHere: this.isRootHere,
      },
      onlineKeys,
      ...this.need(),
      gatesAhead,
      gatesRefusing,
    };
  }

  #own(): OwnKeys {
    const { generation, number, floor } = this.trust.state;
    const signing = this.#find(wallS(this.#parts.clock))?.number;
    return { own: { generation, number, floor }, signing };
  }

  #find(atS: number): Held | undefined {
    return findOnlineKey(this.#keys, { floor: this.trust.state.floor, atS });
  }

  async #signerAt(atS: number): Promise<Signer> {
    if (this.#find(atS) === undefined && this.isRootHere) {
      await this.#inTurn(async () => {
        if (this.#find(atS) === undefined) await this.#addHere({ endOthers: false, nowS: atS });
      });
    }
    const key = this.#find(atS);
    if (key === undefined) throw noneSigns();
    return this.#signerOf(key);
  }

  #signerOf({ number, publicKey, certificate }: Held): Signer {
    const known = this.#signers.get(number);
    if (known !== undefined) return known;
    const file = onlineKeyFile(this.#parts.dataDir, number);
    const key = readKey(file);
    if (rootKeyOf(key).x !== publicKey.x) {
      throw new Fault('FILE_UNREADABLE', `${file} is not the key that was certified`);
    }
    const signer = { privateKey: key.privateJwk, publicKey, certificate };
    this.#signers.set(number, signer);
    return signer;
  }

  async #addHere({ endOthers, nowS }: { endOthers: boolean; nowS?: number }): Promise<OnlineKey> {
    const { dataDir, clock, config } = this.#parts;
    const root = readKey(rootKeyFile(dataDir, this.trust.state.generation));
    const signing = {
      nowS: nowS ?? wallS(clock),
      lifetimeS: config.lists.onlineKeyLifetimeS,
    };
    return await this.#install(
      await signGrant(await this.request(), { root, endOthers, ...signing }),
    );
  }

  async #rotateHere(without: readonly string[]): Promise<OnlineKey> {
    const { dataDir, clock, config } = this.#parts;
    const { generation } = this.trust.state;
    const root: SigningKey = readKey(rootKeyFile(dataDir, generation + 1));
    await this.#held.refresh();
    const file = rootKeyFile(dataDir, generation + 2);
    this.#held.requireAnnounced(this.#own().own, { file, without });
    // Before anything names it: a crash in between leaves a key that nobody knows.
    const next = rootKeyOf(ensureKey(file));
    const signing = { nowS: wallS(clock), lifetimeS: config.lists.onlineKeyLifetimeS };
    const key = await this.#install(
      await signRotation(await this.request(), { root, next, ...signing }),
    );
    rmSync(rootKeyFile(dataDir, generation));
    return key;
  }

  async #install(grant: RootGrant): Promise<OnlineKey> {
    const { dataDir, store } = this.#parts;
    const { state } = this.trust;
    const before = { dataDir, state, statements: this.#statements, known: this.#keys };
    const { after, key, words } = await openGrant(grant, before);
    const { certificate } = grant;
    const others = after.root.x === state.root.x ? this.#keys : [];
    const kept = others.filter(({ number }) => number !== key.number);
    const keys = [...kept, { ...key, certificate }].slice(-CERTIFICATES_KEPT_MAX);
    const certificates = keys.map((held) => held.certificate);
    const text = JSON.stringify({ statements: [...words], certificates } satisfies Book);
    if (!(await store.swapMeta({ key: META_KEY, from: this.#book, to: text })))
      throw changedElsewhere();
    this.#book = text;
    this.trust.adopt(after);
    this.#statements = words;
    this.#keys = keys;
    this.#signers.delete(key.number);
    return key;
  }

  async #openOwn(certificate: string): Promise<Held> {
    return { ...(await this.trust.openCertificate(certificate, { isKept: true })), certificate };
  }

  #requireRoot(command: string): void {
    if (this.isRootHere) return;
    throw new Fault(
      'CONFLICT',
      `the root key is kept elsewhere: "keys request-online-key", then "${command}" where it is, then ` +
        '"keys install"',
    );
  }

  /** One change at a time. */
  async #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const mine = this.#latest.then(change);
    this.#latest = mine.catch(() => undefined);
    return await mine;
  }
}

function changedElsewhere(): Fault {
  return new Fault('CONFLICT', 'another process has just changed these keys: look, then try again');
}

function noneSigns(): Fault {
  return new Fault(
    'KEY_ENDED',
    'no key may sign lists and answers now: carry a new request to the root (docs/operations.md, "The root key")',
  );
}
