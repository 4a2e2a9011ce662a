/** What riders and merchants hear, read by those who serve it; and who is woken behind the commit that says it. */
import type { Change, Decision } from '../../core/changes.ts';
import { accountEvent } from '../../core/events/tell.ts';
import type { Database, UseCase } from '../database.ts';
import type { Store } from '../port.ts';

/** Called behind each commit with those who have something to hear. */
export type OnEvents = (subjects: readonly string[]) => void;

type EventUseCases = Pick<Store, 'listEvents' | 'findLatestEvents' | 'tellRider'>;

export function eventUseCases({ views, write }: Database): EventUseCases {
  return {
    listEvents: async (subject, page) => await views.listEvents(subject, page),
    findLatestEvents: async (subjects) => await views.findLatestEvents(subjects),
    tellRider: (account, nowMs) =>
      write({
        changes: [{ kind: 'addEvents', events: [accountEvent(account, nowMs)] }],
        result: undefined,
      }),
  };
}

/** The same database, which says behind each commit who has something to hear. */
export function withHints(database: Database, onEvents: OnEvents): Database {
  async function run<Read, Result>(
    useCase: UseCase<Read, Result>,
    transact: (useCase: UseCase<Read, Result>) => Promise<Result>,
  ): Promise<Result> {
    let subjects: readonly string[] = [];
    const result = await transact({
      read: useCase.read,
      decide: (found) => {
        const decision = useCase.decide(found);
        subjects = subjectsOf(decision.changes);
        return decision;
      },
    });
    if (subjects.length > 0) onEvents(subjects);
    return result;
  }
  return {
    ...database,
    transact: (useCase) => run(useCase, (same) => database.transact(same)),
    transactTogether: (useCase) => run(useCase, (same) => database.transactTogether(same)),
    async write<Result>(decision: Decision<Result>): Promise<Result> {
      const result = await database.write(decision);
      const subjects = subjectsOf(decision.changes);
      if (subjects.length > 0) onEvents(subjects);
      return result;
    },
  };
}

function subjectsOf(changes: readonly Change[]): string[] {
  const events = changes.flatMap((change) => (change.kind === 'addEvents' ? change.events : []));
  return [...new Set(events.map(({ subject }) => subject))];
}
