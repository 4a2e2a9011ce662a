/** A store that takes payments, eight at a time, as fast as it can, to be killed meanwhile.
 * Prints key and receipt of each that was answered. Arguments: database file, first key.
 */

import { openSqliteStore } from '../store/sqlite/store.ts';
import { accountOf, LIMITS } from './log.ts';
import { onlineCode, ScriptedTill } from './till.ts';

const [, , file = '', name = ''] = process.argv;
const store = await openSqliteStore({ file, limitsNow: LIMITS });
const till = new ScriptedTill(store, 'kiosk');

async function payOnce(letter: string, key: string): Promise<void> {
  const code = await onlineCode(store, { account: accountOf(letter) });
  const { receipt } = await till.pay(code, { key, cents: 7, requestHash: key });
  process.stdout.write(`${key} ${receipt}\n`);
}

for (let round = 0; ; round += 1) {
  await Promise.all([...'abcdefgh'].map((letter) => payOnce(letter, `${name}-${letter}${round}`)));
}
