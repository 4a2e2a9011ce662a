/** Who leads of several processes, and notes that only one of them may replace: once for every database. */
import { decideLease, decideRelease } from '../../core/lead/lease.ts';
import type { Database } from '../database.ts';
import type { Store } from '../port.ts';

type LeadUseCases = Pick<
  Store,
  'bidForLease' | 'releaseLease' | 'swapMeta' | 'useChallenge' | 'findTrustVersion'
>;

export function leadUseCases({ views, transact }: Database): LeadUseCases {
  return {
    bidForLease: (bid) =>
      transact({
        read: (facts) => facts.lease(),
        decide: (found) => decideLease(found, bid),
      }),
    releaseLease: (holder) =>
      transact({
        read: (facts) => facts.lease(),
        decide: (found) => decideRelease(found, holder),
      }),
    swapMeta: ({ key, from, to }) =>
      transact({
        read: (facts) => facts.meta(key),
        decide: (found) =>
          found === from
            ? { changes: [{ kind: 'setMeta', key, value: to }], result: true }
            : { changes: [], result: false },
      }),
    useChallenge: ({ challenge, endsAtS }) =>
      transact({
        read: (facts) => facts.isChallengeUsed(challenge),
        decide: (isUsed) =>
          isUsed
            ? { changes: [], result: false }
            : { changes: [{ kind: 'addUsedChallenge', challenge, endsAtS }], result: true },
      }),
    findTrustVersion: async () => (await views.published()).trustVersion,
  };
}
