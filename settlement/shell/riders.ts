/** Riders in the database: accounts, devices, sessions, top-ups, statements. */
import { CASH, walletOf } from '../core/ledger.ts';
import { writeTransfers } from './money.ts';
import { enqueue } from './outbox.ts';
import type { Db, NewRow, Row } from './schema.ts';

export const STATEMENT_ROWS_MAX = 200;

export async function findDevice(
  db: Db,
  account: string,
  serial: number,
): Promise<Row<'device'> | undefined> {
  return await db
    .selectFrom('device')
    .selectAll()
    .where('account', '=', account)
    .where('serial', '=', serial)
    .executeTakeFirst();
}

export async function isKeyEnrolled(db: Db, publicKey: string): Promise<boolean> {
  const found = await db
    .selectFrom('device')
    .select('serial')
    .where('public_key', '=', publicKey)
    .executeTakeFirst();
  return found !== undefined;
}

export async function addRider(db: Db, device: NewRow<'device'>): Promise<void> {
  const { account, created_at_ms } = device;
  await db.insertInto('account').values({ account, status: 'active', created_at_ms }).execute();
  await db.insertInto('device').values(device).execute();
}

export async function replacePass(
  db: Db,
  device: { account: string; serial: number; pass: string; passExpiresS: number },
): Promise<void> {
  await db
    .updateTable('device')
    .set({ pass: device.pass, pass_expires_s: device.passExpiresS })
    .where('account', '=', device.account)
    .where('serial', '=', device.serial)
    .execute();
}

export async function findAccount(db: Db, account: string): Promise<Row<'account'> | undefined> {
  return await db
    .selectFrom('account')
    .selectAll()
    .where('account', '=', account)
    .executeTakeFirst();
}

export async function listDevices(db: Db, account: string): Promise<Row<'device'>[]> {
  return await db
    .selectFrom('device')
    .selectAll()
    .where('account', '=', account)
    .orderBy('serial')
    .execute();
}

export async function addSession(db: Db, session: NewRow<'session'>, nowS: number): Promise<void> {
  await db.deleteFrom('session').where('expires_at_s', '<', nowS).execute();
  await db.insertInto('session').values(session).execute();
}

export async function findSession(
  db: Db,
  tokenHash: string,
  nowS: number,
): Promise<Row<'session'> | undefined> {
  return await db
    .selectFrom('session')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .where('expires_at_s', '>', nowS)
    .executeTakeFirst();
}

/**
 * Pays money in. The same key with the same amount was paid in already; with another amount it is a
 * conflict. What the rider owes is settled by the job that this leaves behind.
 */
export async function topUp(
  db: Db,
  account: string,
  amountCents: number,
  idempotencyKey: string,
  atMs: number,
): Promise<'paid' | 'paid before' | 'conflict'> {
  const before = await db
    .selectFrom('top_up')
    .select('amount_cents')
    .where('account', '=', account)
    .where('idempotency_key', '=', idempotencyKey)
    .executeTakeFirst();
  if (before !== undefined) {
    return before.amount_cents === amountCents ? 'paid before' : 'conflict';
  }
  await db
    .insertInto('top_up')
    .values({ account, idempotency_key: idempotencyKey, amount_cents: amountCents, at_ms: atMs })
    .execute();
  const ref = `top-up:${account}:${idempotencyKey}`;
  const wallet = walletOf(account);
  await writeTransfers(
    db,
    [
      {
        id: ref,
        debit: CASH,
        credit: wallet,
        amountCents,
        code: 'TOP_UP',
        ref,
        eventAtMs: atMs,
      },
    ],
    atMs,
  );
  await enqueue(db, 'settle', [account], atMs);
  return 'paid';
}

/** Rides with both their times, newest first; `beforeMs` continues an earlier page. */
export async function listCharges(
  db: Db,
  account: string,
  beforeMs: number,
  limit: number,
): Promise<Row<'charge'>[]> {
  return await db
    .selectFrom('charge')
    .selectAll()
    .where('account', '=', account)
    .where('ridden_at_ms', '<', beforeMs)
    .orderBy('ridden_at_ms', 'desc')
    .limit(Math.min(limit, STATEMENT_ROWS_MAX))
    .execute();
}
