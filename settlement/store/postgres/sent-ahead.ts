/**
 * Statements that write, given to the connection without waiting for the answers to those before: it carries them out in
 * the order in which they are given. So a decision of many changes costs a round trip or two, and the rows that others
 * wait for are held so much shorter.
 */
import type { Session, WriteSession } from './session.ts';

export type SentAhead = {
  session: WriteSession;
  /** Waits for all that was given. @throws what the first that failed said: all behind it failed because of it. */
  arrived(): Promise<void>;
};

export function createSentAhead(session: Session): SentAhead {
  const sent: Promise<unknown>[] = [];
  return {
    session: {
      all: session.all,
      first: session.first,
      run: async (text, values) => {
        sent.push(session.run(text, values));
        // It is looked at in `arrived`.
        sent.at(-1)?.catch(() => undefined);
      },
    },
    async arrived() {
      const answers = await Promise.allSettled(sent);
      const failed = answers.find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    },
  };
}
