/** What is kept for a time only, taken away in small pieces: once for every database. */
import { sha256 } from '@stile/crypto/sign.ts';
import { boundsOf, decideCut } from '../core/retention/cuts.ts';
import type { Database } from './database.ts';
import type { Store } from './port.ts';

export function retentionUseCases({ transact, takeTurn }: Database): Pick<Store, 'cutOnce'> {
  return {
    cutOnce: async (kind, terms) => {
      await takeTurn();
      const bounds = boundsOf(kind, terms);
      return await transact({
        read: (facts) => facts.cut(kind, bounds),
        decide: (found) => decideCut(found, { bounds, sha256 }),
      });
    },
  };
}
