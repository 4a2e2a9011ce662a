/** Taps whose ruling hung on what settlement did not know, judged again one by one, each in its own transaction. */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { sha256 } from '@stile/crypto/sign.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { unchanged } from '../core/changes.ts';
import { checkRecord, type KnownIssuerKey } from '../core/logs/check-record.ts';
import { decideAgain, type UnjudgedRecord } from '../core/logs/judge-again.ts';
import { rulingQuery } from '../core/logs/ruling-query.ts';
import type { Limits } from '../core/logs/rulings.ts';
import { follow } from './awaitable.ts';
import type { Database, Facts } from './database.ts';
import type { Store } from './port.ts';

export function judgeAgainUseCases(
  { transact, write, takeTurn }: Database,
  { limitsNow }: { limitsNow: Limits },
): Pick<Store, 'judgeOnce' | 'judgeAllAgain'> {
  const verify = createNodeVerify();

  function readAgain(facts: Facts, record: UnjudgedRecord) {
    return follow(facts.issuerKeys(), (keys) => {
      const issuerKeys = keys.map(
        (key): KnownIssuerKey => ({
          ...key,
          publicKeyBytes: fromHex(key.publicKey, 32) ?? new Uint8Array(32),
        }),
      );
      const content = checkRecord(record, { issuerKeys, verify, sha256, verifiedPasses: null });
      const query = rulingQuery([{ seq: record.seq, content }]);
      return follow(facts.rulingFacts(record, query), (found) => ({
        record,
        content,
        facts: found,
      }));
    });
  }

  return {
    judgeOnce: async (nowMs) => {
      await takeTurn();
      return await transact({
        read: (facts) =>
          follow(facts.nextUnjudged(), (record) => record && readAgain(facts, record)),
        decide: (found) => {
          if (found === null) return unchanged('idle' as const);
          const { facts, ...of } = found;
          const { changes, result } = decideAgain(of, { facts, limitsNow, nowMs });
          return { changes, result: result ? ('counts' as const) : ('waits' as const) };
        },
      });
    },
    judgeAllAgain: () =>
      write({ changes: [{ kind: 'judgeAgain', account: null }], result: undefined }),
  };
}
