/** PostgreSQL as a Database: what a decision is made from is locked, read and changed within one transaction. */
import type { Decision } from '../../core/changes.ts';
import type { KeyedHash } from '../../core/money/book-seal.ts';
import type { Awaitable } from '../awaitable.ts';
import { type Database, type UseCase, viewsWithin } from '../database.ts';
import { createTurns } from '../turns/turns.ts';
import { applyChanges } from './changes/apply.ts';
import { createReaders, factsOf } from './facts-of.ts';
import { asUnreadableData } from './faults.ts';
import { KnownRules } from './known-rules.ts';
import type { Session, SessionPool } from './session.ts';
import type { Transact } from './transactions.ts';
import { viewsOf } from './views-of.ts';

/**
 * Payments of one transaction, whose payees and payers are held meanwhile; and transactions of payments at once, so that the
 * server works at one while this process reads the answers of the other.
 */
const PAYMENTS = { sizeMax: 32, atOnceMax: 2 } as const;

export type DatabaseParts = { pool: SessionPool; transactions: Transact; keyedHash: KeyedHash };

export function createDatabase({ pool, transactions, keyedHash }: DatabaseParts): Database {
  const turns = createTurns();
  const rules = new KnownRules();

  function transact<Read, Result>({ read, decide }: UseCase<Read, Result>): Promise<Result> {
    return transactions(async (session) => {
      const found = await understood(() => read(factsOf(session, { rules })));
      return await finish(session, decide(found));
    });
  }

  async function finish<Result>(
    session: Session,
    { changes, result }: Decision<Result>,
  ): Promise<Result> {
    await applyChanges(session, { changes, keyedHash });
    return result;
  }

  return {
    payments: PAYMENTS,
    takeTurn: () => turns.take(),
    views: viewsWithin(viewsOf(pool.session, createReaders(pool.session)), understood),
    transact,
    // The server itself gathers commits of one moment.
    transactTogether: transact,
    write: (decision) => transactions((session) => finish(session, decision)),
    close: () => pool.close(),
  };
}

async function understood<T>(read: () => Awaitable<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw asUnreadableData(error);
  }
}
