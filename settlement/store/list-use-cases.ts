/** Fares, keys, and the lists that gates obey: the use cases of publishing, once for every database. */
import { sha256 } from '@stile/crypto/sign.ts';
import { decideIssuerKey, decideKeyRevocation, decideKeyTurn } from '../core/lists/issuer-keys.ts';
import {
  decideDenyVersion,
  decideFare,
  decideForce,
  decideRestored,
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
  | 'findDenyVersion'
  | 'readDenyWord'
  | 'readRootFacts'
  | 'forceDenyList'
  | 'jumpAhead'
  | 'findDenyDelta'
  | 'readDenyPage'
  | 'setFare'
  | 'listTariff'
  | 'addIssuerKey'
  | 'turnIssuerKeys'
  | 'revokeIssuerKey'
>;

export function listUseCases({ views, transact, write }: Database): ListUseCases {
  return {
    readListFacts: async () => await views.readListFacts(),
    addTrustList: (list, signed) =>
      transact({
        read: (facts) => facts.lease(),
        decide: (lease) => decideTrustList(lease, { list, ...signed, sha256 }),
      }),
    advanceDenyList: (idsMax, { salt, nowMs }) =>
      transact({
        read: (facts) => facts.denyList(idsMax),
        decide: (found) => decideDenyVersion(found, { idsMax, nowMs, salt, sha256 }),
      }),
    findDenyVersion: async (version) => await views.denyVersion(version),
    readDenyWord: async () => await views.readDenyWord(),
    readRootFacts: async () => await views.readRootFacts(),
    forceDenyList: (version, nowMs) =>
      transact({
        read: (facts) => facts.denyVersion(version),
        decide: (known) => decideForce(known, { nowMs }),
      }),
    jumpAhead: async (nowMs) => {
      const { trustVersion: trust, denyVersion: deny } = await views.published();
      return await write(decideRestored({ trust, deny }, { nowMs }));
    },
    findDenyDelta: async (query) => {
      const { from, to } = query;
      // Of a version that is not ours nobody knows what is on it.
      if (from !== 0 && (await views.denyVersion(from)) === null) return undefined;
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
    addIssuerKey: (key, nowMs) =>
      transact({
        read: (facts) => facts.issuerKeys(),
        decide: (found) => decideIssuerKey(found, { key, nowMs }),
      }),
    turnIssuerKeys: (of) =>
      transact({
        read: (facts) => facts.issuerKeys(),
        decide: (found) => decideKeyTurn(found, of),
      }),
    revokeIssuerKey: (revocation) =>
      transact({
        read: (facts) => facts.issuerKeys(),
        decide: (found) => decideKeyRevocation(found, revocation),
      }),
  };
}
