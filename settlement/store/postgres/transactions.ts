/**
 * One use case in one transaction, READ COMMITTED: what it decides from is locked before it is read. Where another
 * transaction was first (a deadlock, a row that somebody else has just made) all of it is undone and run again.
 */
import { type Clock, sleep } from '@stile/host/clock.ts';
import type { Random } from '@stile/host/random.ts';
import { Fault } from '@stile/protocol/fault.ts';
import pg from 'pg';
import { asPostgresFault, isWorthAnotherRun } from './faults.ts';
import type { Session, SessionPool } from './session.ts';

/** Runs of one use case before it gives up. */
export const RUNS_MAX = 12;
/** The first pause may be as long as this; each further one twice as long, up to the most. */
const PAUSE_MS = 4;
const PAUSE_MS_MAX = 500;

export type TransactionParts = {
  pool: SessionPool;
  url: string;
  clock: Clock;
  random: Random;
};

export type Transact = <Result>(work: (session: Session) => Promise<Result>) => Promise<Result>;

/** @throws Fault STORE_FAILED or STORE_FULL if the database cannot do it now. */
export function createTransactions({ pool, url, clock, random }: TransactionParts): Transact {
  async function attempt<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    return await pool.withSession(async (session) => {
      // What comes next is given right behind it: if it fails, the connection is gone, and so is the rest.
      const begun = session.run('BEGIN ISOLATION LEVEL READ COMMITTED');
      begun.catch(() => undefined);
      try {
        const { watched, throwFailure } = watch(session);
        const result = await work(watched);
        await begun;
        throwFailure();
        await session.run('COMMIT');
        return result;
      } catch (error) {
        await session.run('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  return async (work) => {
    for (let run = 1; ; run += 1) {
      try {
        return await attempt(work);
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error;
        if (!isWorthAnotherRun(error)) throw asPostgresFault(error, url);
        if (run === RUNS_MAX) throw tooBusy(error, url);
      }
      const most = Math.min(PAUSE_MS * 2 ** (run - 1), PAUSE_MS_MAX);
      await sleep(clock, most * random.fraction());
    }
  };
}

/** A statement that failed has ended its transaction, whoever passed over it: a COMMIT would undo all without a word. */
function watch(session: Session): { watched: Session; throwFailure: () => void } {
  let failure: { error: unknown } | null = null;
  const note = async <Result>(answer: Promise<Result>): Promise<Result> => {
    try {
      return await answer;
    } catch (error) {
      failure ??= { error };
      throw error;
    }
  };
  return {
    watched: {
      all: (text, values) => note(session.all(text, values)),
      first: (text, values) => note(session.first(text, values)),
      run: (text, values) => note(session.run(text, values)),
    },
    throwFailure: () => {
      if (failure !== null) throw failure.error;
    },
  };
}

function tooBusy(error: Error, url: string): Fault {
  const { message } = asPostgresFault(error, url);
  return new Fault('STORE_FAILED', `tried ${RUNS_MAX} times, others were first: ${message}`, {
    cause: error,
  });
}
