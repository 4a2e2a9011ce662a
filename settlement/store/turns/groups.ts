/**
 * What is asked for while a transaction is under way goes into the next one, all of it together. Under load a group
 * is large, and what each one costs is shared; when it is quiet, each one is carried out at once and for itself.
 */
import { assert } from '@stile/protocol/fault.ts';

export type GroupsOptions<Request, Result> = {
  /** Requests of one transaction. */
  sizeMax: number;
  /** Transactions at once. */
  atOnceMax: number;
  /** One result for each request; null: it has to be asked again. The first one is never null. */
  run: (requests: readonly Request[]) => Promise<readonly (Result | null)[]>;
};

type Waiting<Request, Result> = {
  request: Request;
  done: (result: Result) => void;
  fail: (error: unknown) => void;
};

/** @returns what asks for one thing. It fails as `run` does for it alone. */
export function createGroups<Request, Result>(
  options: GroupsOptions<Request, Result>,
): (request: Request) => Promise<Result> {
  const { sizeMax, atOnceMax, run } = options;
  type One = Waiting<Request, Result>;
  const waiting: One[] = [];
  let running = 0;
  let isScheduled = false;

  /** Behind this turn of the event loop: what else comes in it goes along. */
  function schedule(): void {
    if (isScheduled || waiting.length === 0 || running >= atOnceMax) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      void start(waiting.splice(0, sizeMax));
      schedule();
    });
  }

  async function start(group: readonly One[]): Promise<void> {
    running += 1;
    await carryOut(group);
    running -= 1;
    schedule();
  }

  async function carryOut(group: readonly One[]): Promise<void> {
    try {
      const results = await run(group.map(({ request }) => request));
      const again = group.filter((one, index) => {
        const result = results[index] ?? null;
        if (result !== null) one.done(result);
        return result === null;
      });
      assert(again.length < group.length, 'a group gets on by one request at least');
      waiting.unshift(...again);
    } catch (error) {
      const [only, ...others] = group;
      if (others.length === 0) only?.fail(error);
      // One of them is the cause, and the others have no part in it; nor have those that come after them.
      else for (const one of group) void carryOut([one]);
    }
  }

  return async (request) =>
    await new Promise<Result>((done, fail) => {
      waiting.push({ request, done, fail });
      schedule();
    });
}

/** Look-ups of one statement, and statements at once. */
const LOOK_UPS = { sizeMax: 64, atOnceMax: 4 } as const;

/** Looks up what many ask for in one moment together. `findAll`: those that there are. */
export function createLookUp<Key, Found>(
  findAll: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Found>>,
): (key: Key) => Promise<Found | undefined> {
  const lookUp = createGroups<Key, { found: Found | undefined }>({
    ...LOOK_UPS,
    run: async (keys) => {
      const found = await findAll([...new Set(keys)]);
      return keys.map((key) => ({ found: found.get(key) }));
    },
  });
  return async (key) => (await lookUp(key)).found;
}
