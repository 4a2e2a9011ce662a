/**
 * Opens what signs: the clock that is believed, the keys, the lists in force. Of several processes on one database one
 * makes keys and lists, the others follow it.
 */
import type { Clock } from '@stile/host/clock.ts';
import type { Random } from '@stile/host/random.ts';
import type { Logger } from 'pino';
import type { Closing } from './closing.ts';
import type { SettlementFile } from './config.ts';
import { createTimeKeeper, openSignedClock } from './keys/kept-time.ts';
import { openOperatorKeys } from './keys/operator-keys.ts';
import { openPasses } from './keys/passes.ts';
import type { Store } from './store/port.ts';
import { ALONE, createLeader, type ElectedLeader } from './work/leader.ts';
import { createPublisher } from './work/publisher.ts';

const HOLDER_BYTES = 8;

export type ListParts = {
  store: Store;
  config: SettlementFile;
  /** The machine's own. */
  clock: Clock;
  random: Random;
  closing: Closing;
  log: Logger;
};

export async function openLists(
  { dataDir, database }: { dataDir: string; database?: string | undefined },
  parts: ListParts,
) {
  const { store, config, random, log } = parts;
  const signedClock = await openSignedClock(store, {
    clock: parts.clock,
    jumpSMax: config.lists.jumpS,
  });
  // One clock for all that is signed, stored and judged by: the machine's own only while it is believed.
  const { clock } = signedClock;
  const election = database === undefined ? null : await openElection(parts);
  const leader = election ?? ALONE;
  const passes = await openPasses({ dataDir, config, store, clock });
  if (leader.term() !== null) await passes.keepAhead();
  const timeKeeper = createTimeKeeper({ store, signedClock });
  const operatorKeys = await openOperatorKeys({ dataDir, store, config, clock });
  // With one that signs, if the root is here.
  if (leader.term() !== null) await operatorKeys.keepAhead();
  const publisher = createPublisher({
    store,
    operatorKeys,
    config,
    clock,
    random,
    signedClock,
    leader,
    log,
  });
  await publisher.start();
  return {
    signedClock,
    clock,
    leader,
    passes,
    timeKeeper,
    operatorKeys,
    publisher,
    /** From now on it hears of what others publish. `onLead`: called every second while it leads. */
    follow(onLead: () => void): void {
      election?.start(async () => {
        if (await publisher.refresh()) await passes.refresh();
        if (leader.term() !== null) onLead();
      });
    },
  };
}

async function openElection(parts: ListParts): Promise<ElectedLeader> {
  const { store, clock, random, closing, log } = parts;
  const election = createLeader({ store, holder: random.hex(HOLDER_BYTES), clock, log });
  closing.first(() => election.close());
  await election.beat();
  return election;
}
