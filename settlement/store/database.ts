/**
 * What a database has to offer so that settlement can run on it: facts that a decision needs, changes to
 * write, and both within one transaction. It knows tables and decides nothing; use-cases.ts puts the
 * decisions of core/ between facts and changes, the same for every database.
 */
import type { Decision } from '../core/changes.ts';

/** A database in this process answers at once, another one later. */
export type Awaitable<T> = T | Promise<T>;

/** One use case: what is read, and what is decided from it. */
export type UseCase<Facts, Read, Result> = {
  read: (facts: Facts) => Read;
  decide: (found: Awaited<Read>) => Decision<Result>;
};

/** How transactions are run over facts of this kind. */
export type Transactions<Facts> = {
  /** One durable transaction of its own: read, decide, write the changes, answer. */
  transact<Read, Result>(useCase: UseCase<Facts, Read, Result>): Promise<Result>;
  /** The same, but its commit may be shared with others that ask in the same moment. */
  transactTogether<Read, Result>(useCase: UseCase<Facts, Read, Result>): Promise<Result>;
};
