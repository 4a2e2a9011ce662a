/**
 * Signs and serves the lists that gates obey. A change is carried into one new deny list version and one new
 * trust list, however many accounts it concerns. What is served is always the deny list that the published
 * trust list names, even while the next version is already being written. Of several processes one signs; the others
 * serve what it has published.
 */
import { type Clock, sleep } from '@stile/host/clock.ts';
import type { Random } from '@stile/host/random.ts';
import { DENY_SALT_BYTES } from '@stile/protocol/deny-list.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import type { DenyHead, TrustList } from '@stile/protocol/trust-list.ts';
import type { Logger } from 'pino';
import type { SignedTime } from '../core/lists/signed-time.ts';
import { isRefreshDue, type TrustTerms } from '../core/lists/trust.ts';
import type { OperatorKeys } from '../keys/operator-keys.ts';
import type { SignedClock } from '../keys/signed-clock.ts';
import type { Store } from '../store/port.ts';
import { createDenyFiles } from './deny-files.ts';
import type { Leader, Term } from './leader.ts';
import { createNextList } from './next-list.ts';
import { pause } from './pause.ts';

/** Changed ids that one transaction writes. */
const CHANGED_IDS_MAX = 500;
/** How long one that does not lead waits for what it asks the leader to publish, and how often it looks. */
const ASK_MS_MAX = 5_000;
const LOOK_MS = 50;

export type Published = { list: TrustList; jws: string };
export type Publisher = ReturnType<typeof createPublisher>;

export type PublisherParts = {
  store: Store;
  operatorKeys: OperatorKeys;
  config: TrustTerms;
  clock: Clock;
  random: Random;
  /** What is signed goes by it. */
  signedClock: SignedClock;
  leader: Leader;
  log: Logger;
};

/** What a person has to know of the lists. */
export type ListsState = Published & { heldDeny: DenyHead | null; time: SignedTime };

export function createPublisher(parts: PublisherParts) {
  const { store, operatorKeys, config: terms, clock, signedClock, leader, log } = parts;
  let published: Published | undefined;
  const next = createNextList(parts);
  const { signedNowS } = next;

  let latest: Promise<void> = Promise.resolve();
  /** One after the other: two at once would sign two lists under one version. */
  async function inTurn(work: () => Promise<void>): Promise<void> {
    latest = latest.catch(() => undefined).then(work);
    await latest;
  }

  async function publishOrAsk(): Promise<void> {
    const term = leader.term();
    if (term !== null && (await publishOnce(term))) return;
    await askLeader();
  }

  /** False: this process does not lead any more, and nothing was published. */
  async function publishOnce({ fence }: Term): Promise<boolean> {
    await advanceDenyList(parts);
    const { facts, list } = await next.read();
    if (list === null) {
      published = facts.trust;
      return true;
    }
    const jws = await operatorKeys.sign('stile-trust-list+jws', list);
    if (!(await store.addTrustList(list, { jws, nowMs: clock.now().wallMs, fence }))) {
      log.warn({ version: list.version }, 'not published: another process leads by now');
      leader.stepDown();
      return false;
    }
    published = { list, jws };
    return true;
  }

  /** Another one signs: it hears of it through the database, and is waited for a little. */
  async function askLeader(): Promise<void> {
    const endMs = clock.now().monoMs + ASK_MS_MAX;
    await store.requestPublish(clock.now().wallMs);
    while ((await store.findPublishRequest()) !== undefined && clock.now().monoMs < endMs) {
      await sleep(clock, LOOK_MS);
    }
    await readPublished();
  }

  async function readPublished(): Promise<void> {
    published = (await next.read()).facts.trust ?? published;
  }

  function current(): Published {
    assert(published !== undefined, 'a list is published before anything is served');
    return published;
  }

  return {
    /** Signs what has changed, or has the leader do so. */
    publish: () => inTurn(publishOrAsk),
    /** Another one may have published since. True if it has. */
    async refresh(): Promise<boolean> {
      if ((await store.findTrustVersion()) === (published?.list.version ?? 0)) return false;
      await inTurn(readPublished);
      return true;
    },
    /** Until there is a list to serve: the first one may be under way elsewhere. */
    async start(): Promise<void> {
      if (leader.term() !== null) await inTurn(publishOrAsk);
      else await inTurn(readPublished);
      for (let looks = 0; published === undefined; looks += 1) {
        if (looks * LOOK_MS >= ASK_MS_MAX) throw nothingPublished();
        await sleep(clock, LOOK_MS);
        await inTurn(readPublished);
      }
    },
    current,
    /** Whether the list in force is old enough to be signed anew. */
    isRefreshDue: () => isRefreshDue(current().list, { nowS: signedNowS(), pace: terms.lists }),
    state: (): ListsState => ({
      ...current(),
      heldDeny: next.heldDeny(),
      time: signedClock.judge(),
    }),
    ...createDenyFiles({ store, signer: operatorKeys, signedClock }, () => current().list.deny),
  };
}

/** Each version under a salt that nobody but gates ever hears. */
async function advanceDenyList({ store, clock, random }: PublisherParts): Promise<void> {
  for (let more = true; more; ) {
    const salt = random.hex(DENY_SALT_BYTES);
    more = await store.advanceDenyList(CHANGED_IDS_MAX, { salt, nowMs: clock.now().wallMs });
    if (more) await pause();
  }
}

function nothingPublished(): Fault {
  return new Fault(
    'CONFLICT',
    'another process leads and has published nothing yet: start this one again in a moment',
  );
}
