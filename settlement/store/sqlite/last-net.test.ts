/** The last net beneath every decision: the file itself refuses a second row of what there can be one of. */
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { expect, test } from 'vitest';
import { openConnection } from './connection.ts';

const ACCOUNT = `INSERT INTO account (account, created_at_ms) VALUES ('a', 1)`;
const RECORD = `INSERT INTO record (epoch_id, seq, batch_id, line, hash, kind, at_ms, ruling, received_at_ms)
  VALUES (1, 1, 1, x'00', x'00', 'note', 1, 'accepted', 1)`;
const TRANSFER = `INSERT INTO transfer (id, debit, credit, amount_cents, code, happened_at_ms, recorded_at_ms)
  VALUES ('t', 'cash', 'wallet:a', 1, 'TOP_UP', 1, 1)`;

test.each([
  [
    'a payment of one payee under one key',
    `INSERT INTO payment (payee, key, request_hash, outcome, reason, amount_cents, refunded_cents, at_ms)
     VALUES ('merchant:m', 'k', 'h', 'REFUSED', 'WALLET_SHORT', 1, 0, 1)`,
  ],
  [
    'a top-up of one account under one key',
    `INSERT INTO top_up (account, key, amount_cents, at_ms) VALUES ('a', 'k', 1, 1)`,
  ],
  ['a record of one place in a log', RECORD],
  ['a transfer of one cause', TRANSFER],
])('%s is there once', (_what, statement) => {
  const { db, close } = openConnection(join(scratchDir(), 'settlement.db'));
  db.pragma('foreign_keys = OFF');
  db.exec(ACCOUNT);
  db.exec(statement);
  expect(() => db.exec(statement)).toThrow(/UNIQUE/);
  close();
});
