/**
 * Signs and serves the lists that gates obey. A change is carried into one new deny list version and one new
 * trust list, however many accounts it notice. What is served is always the deny list that the
 * published trust list names, even while the next version is already being written.
 */
import { createHash } from 'node:crypto';
import type { SigningKey } from '@stile/crypto/sign.ts';
import { type Clock, wallS } from '@stile/host/clock.ts';
import { DELTA_IDS_MAX, DENY_ID_BYTES } from '@stile/protocol/deny-list.ts';
import { assert } from '@stile/protocol/fault.ts';
import { signObject } from '@stile/protocol/signed.ts';
import type {
  DenyDelta,
  DenyHead,
  DenySnapshotHead,
  TrustList,
} from '@stile/protocol/trust-list.ts';
import type { SettlementFile } from '../config.ts';
import { nextTrustList, publishableKeys, type TrustContent } from '../core/lists/trust.ts';
import { publishableLines } from '../core/rides/tariff.ts';
import { rootKeyOf, type Signer } from '../keys/root-key.ts';
import type { ListFacts, Store } from '../store/port.ts';

/** Changed ids that one transaction writes. */
const DENY_STEP_IDS_MAX = 500;
/** Ids that are read at a time while a snapshot is put together: about a millisecond. */
const PAGE_IDS = 5_000;

export type Published = { list: TrustList; jws: string };
export type Publisher = ReturnType<typeof createPublisher>;

export type PublisherParts = {
  store: Store;
  rootKey: SigningKey;
  config: SettlementFile;
  clock: Clock;
};

export function createPublisher({ store, rootKey, config, clock }: PublisherParts) {
  const publicKey = rootKeyOf(rootKey);
  const signer: Signer = { privateKey: rootKey.privateJwk, publicKey };
  let published: Published | undefined;
  let snapshot: { version: number; file: Promise<Uint8Array> } | undefined;

  async function publish(): Promise<void> {
    while (await store.advanceDenyList(DENY_STEP_IDS_MAX, clock.now().wallMs)) await pause();
    const facts = await store.readListFacts();
    const nowS = wallS(clock);
    const inForce = facts.trust?.list;
    const list = nextTrustList(
      { content: contentOf(config, facts, nowS), inForce },
      { nowS, pace: config.lists },
    );
    if (list === null) {
      published = facts.trust;
      return;
    }
    const jws = await signObject('stile-trust-list+jws', list, signer);
    await store.addTrustList(list, { jws, nowMs: clock.now().wallMs });
    published = { list, jws };
  }

  function current(): Published {
    assert(published !== undefined, 'a list is published before anything is served');
    return published;
  }

  return {
    publicKey,
    publish,
    current,
    /** Whether the list in force is old enough to be signed anew. */
    isRefreshDue: () => wallS(clock) >= current().list.issuedAtS + config.lists.refreshS,
    /** Head, LF and ids as one file; put together once for each version. */
    async snapshot(): Promise<Uint8Array> {
      const { deny } = current().list;
      if (snapshot?.version !== deny.version) {
        const file = buildSnapshot(store, deny, { signer, issuedAtS: wallS(clock) });
        snapshot = { version: deny.version, file };
        file.catch(() => {
          // Who waits for this file sees the failure; the next one asks afresh.
          if (snapshot?.file === file) snapshot = undefined;
        });
      }
      return await snapshot.file;
    },
    /** The step from a version to the published one; 'current' or 'unavailable' where there is none. */
    async delta(from: number): Promise<string | 'current' | 'unavailable'> {
      const { deny } = current().list;
      if (from === deny.version) return 'current';
      const step = await store.findDenyDelta({ from, to: deny.version, idsMax: DELTA_IDS_MAX });
      if (step === undefined) return 'unavailable';
      const delta: DenyDelta = {
        stile: 'deny-delta/1',
        from,
        ...deny,
        ...step,
        issuedAtS: wallS(clock),
        force: false,
      };
      return await signObject('stile-deny-delta+jws', delta, signer);
    },
  };
}

function contentOf(config: SettlementFile, facts: ListFacts, nowS: number): TrustContent {
  const { operator, currency, limits } = config;
  return {
    stile: 'trust-list/1',
    operator,
    currency,
    issuers: publishableKeys(facts.issuerKeys, nowS),
    limits,
    tariff: { version: facts.tariffVersion, lines: publishableLines(facts.tariff, nowS) },
    deny: facts.denyHead,
  };
}

/** Reads one version in pages; requests are served in between. */
async function buildSnapshot(
  store: Store,
  head: DenyHead,
  { signer, issuedAtS }: { signer: Signer; issuedAtS: number },
): Promise<Uint8Array> {
  const body = Buffer.alloc(head.count * DENY_ID_BYTES);
  const hash = createHash('sha256');
  let after: Uint8Array | null = null;
  let at = 0;
  while (at < body.length) {
    const page: Uint8Array = await store.readDenyPage({
      version: head.version,
      after,
      limit: PAGE_IDS,
    });
    assert(page.length > 0 && at + page.length <= body.length, 'a version has its count of ids');
    body.set(page, at);
    hash.update(page);
    after = page.subarray(page.length - DENY_ID_BYTES);
    at += page.length;
    await pause();
  }
  const bodySha256 = hash.digest('hex');
  const stile = 'deny-snapshot/1';
  const signed: DenySnapshotHead = { stile, ...head, bodySha256, issuedAtS, force: false };
  const jws = await signObject('stile-deny-snapshot+jws', signed, signer);
  return Buffer.concat([Buffer.from(`${jws}\n`), body]);
}

/** Lets requests through between two pieces of a long work. */
function pause(): Promise<void> {
  return new Promise((resume) => setImmediate(resume));
}
