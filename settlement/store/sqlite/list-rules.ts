/** Keeps what rulings need of trust lists that an earlier version of this program has stored. */
import { sha256 } from '@stile/crypto/sign.ts';
import { trustListSchema } from '@stile/protocol/trust-list.ts';
import { rulesOf } from '../../core/lists/list-rules.ts';
import { ListRows } from './changes/list-rows.ts';
import type { Connection } from './connection.ts';
import type { SealRows } from './seals.ts';

/** Lists of one transaction: each may be half a megabyte. */
const LISTS_MAX = 100;

export function keepRulesOfLists(connection: Connection, seals: SealRows): void {
  const { db, write } = connection;
  const rows = new ListRows(connection, seals);
  const without = db.prepare(
    `SELECT jws, payload FROM trust_list
     WHERE NOT EXISTS (SELECT 1 FROM list_rules WHERE list_rules.version = trust_list.version)
     ORDER BY version LIMIT ?`,
  );
  let found: { jws: string; payload: string }[];
  do {
    found = without.all(LISTS_MAX) as typeof found;
    if (found.length === 0) return;
    write(() => {
      for (const { jws, payload } of found) {
        rows.addRules(rulesOf(trustListSchema.parse(JSON.parse(payload)), { jws, sha256 }));
      }
    });
  } while (found.length === LISTS_MAX);
}
