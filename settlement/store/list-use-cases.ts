/** Fares, keys, and the lists that gates obey: the use cases of publishing, once for every database. */
import { sha256 } from '@stile/crypto/sign.ts';
import {
  decideDenyVersion,
  decideFare,
  decideIssuerKey,
  decideTrustList,
  deltaRowsMax,
  denyDelta,
} from '../core/lists/publish.ts';
import type { Database } from './database.ts';
import type { Store } from './port.ts';

type ListUseCases = Pick<
  Store,
  | 'readListFacts'
  | 'addTrustList'
  | 'advanceDenyList'
  | 'findDenyDelta'
  | 'readDenyPage'
  | 'setFare'
  | 'listTariff'
  | 'addIssuerKey'
>;

export function listUseCases({ views, transact, write }: Database): ListUseCases {
  return {
    readListFacts: async () => await views.readListFacts(),
    addTrustList: (list, signed) => write(decideTrustList(list, signed)),
    advanceDenyList: (idsMax, nowMs) =>
      transact({
        read: (facts) => facts.denyList(idsMax),
        decide: (found) => decideDenyVersion(found, { idsMax, nowMs, sha256 }),
      }),
    findDenyDelta: async (query) => {
      const { from, to } = query;
      const rows = await views.denyRows({ from, to, rowsMax: deltaRowsMax(query) });
      return denyDelta(rows, query);
    },
    readDenyPage: async (of) => await views.readDenyPage(of),
    setFare: (fare, nowMs) =>
      transact({
        read: (facts) => facts.fare(),
        decide: (found) => decideFare(found, { fare, nowMs }),
      }),
    listTariff: async (line) => await views.listTariff(line),
    addIssuerKey: (key) =>
      transact({
        read: (facts) => facts.issuerKeys(),
        decide: (found) => decideIssuerKey(found, key),
      }),
  };
}
