/** The deny list in the database: why an id is on it, which version added and removed it. */
import { sha256 } from '@stile/crypto/sign.ts';
import { DELTA_IDS_MAX, EMPTY_SET_DIGEST } from '@stile/protocol/deny-list.ts';
import type { DenyHead } from '@stile/protocol/trust-list.ts';
import { combineSteps, type DenyCause, nextDenyVersion } from '../core/deny.ts';
import { inPieces } from './money.ts';
import type { Db } from './schema.ts';

/** Changes that go into one version; the rest follow in the next. */
const CHANGES_PER_VERSION_MAX = DELTA_IDS_MAX;

export async function readDenyHead(db: Db): Promise<DenyHead> {
  const row = await db
    .selectFrom('deny_version')
    .selectAll()
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined
    ? { version: 0, count: 0, setDigest: EMPTY_SET_DIGEST }
    : { version: row.version, count: row.count, setDigest: row.set_digest };
}

/** Gives an id a cause to be on the list; it takes effect with the next published version. */
export async function addCause(
  db: Db,
  entry: { id: string; cause: DenyCause; account: string; note: string; atMs: number },
): Promise<void> {
  const { id, cause, account, note, atMs } = entry;
  await db
    .insertInto('deny_cause')
    .values({ id, cause, account, note, since_ms: atMs })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await markDirty(db, [id]);
}

/** Whether there was such a cause. */
export async function removeCause(db: Db, id: string, cause: DenyCause): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('deny_cause')
    .where('id', '=', id)
    .where('cause', '=', cause)
    .executeTakeFirst();
  if (numDeletedRows === 0n) return false;
  await markDirty(db, [id]);
  return true;
}

/** Brings the DEBT causes of these accounts to who owes now; answers whether any has changed. */
export async function setDebtCauses(
  db: Db,
  entries: readonly { account: string; id: string }[],
  owing: ReadonlySet<string>,
  atMs: number,
): Promise<boolean> {
  const denied = new Set<string>();
  await inPieces(
    entries.map(({ id }) => id),
    async (piece) => {
      const rows = await db
        .selectFrom('deny_cause')
        .select('id')
        .where('id', 'in', piece)
        .where('cause', '=', 'DEBT')
        .execute();
      for (const { id } of rows) denied.add(id);
    },
  );
  const added = entries.filter(({ account, id }) => owing.has(account) && !denied.has(id));
  const lifted = entries.filter(({ account, id }) => !owing.has(account) && denied.has(id));
  await inPieces(added, (piece) =>
    db
      .insertInto('deny_cause')
      .values(
        piece.map(({ account, id }) => ({
          id,
          account,
          cause: 'DEBT' as const,
          note: 'unpaid fare',
          since_ms: atMs,
        })),
      )
      .execute(),
  );
  const liftedIds = lifted.map(({ id }) => id);
  await inPieces(liftedIds, (piece) =>
    db.deleteFrom('deny_cause').where('id', 'in', piece).where('cause', '=', 'DEBT').execute(),
  );
  const changed = [...added.map(({ id }) => id), ...liftedIds];
  await markDirty(db, changed);
  return changed.length > 0;
}

async function markDirty(db: Db, ids: readonly string[]): Promise<void> {
  await inPieces(ids, (piece) =>
    db
      .insertInto('deny_dirty')
      .values(piece.map((id) => ({ id })))
      .onConflict((conflict) => conflict.doNothing())
      .execute(),
  );
}

export async function readCauses(db: Db, account: string) {
  return await db.selectFrom('deny_cause').selectAll().where('account', '=', account).execute();
}

/** Makes the next version out of all that has changed; null where nothing has in effect. */
export async function advanceDenyList(db: Db, atMs: number): Promise<DenyHead | null> {
  const dirty = await db
    .selectFrom('deny_dirty')
    .select('id')
    .orderBy('id')
    .limit(CHANGES_PER_VERSION_MAX)
    .execute();
  if (dirty.length === 0) return null;
  const ids = dirty.map(({ id }) => id);
  const listed = new Set<string>();
  const caused = new Set<string>();
  await inPieces(ids, async (piece) => {
    const entries = await db
      .selectFrom('deny_entry')
      .select('id')
      .where('id', 'in', piece)
      .where('removed_in', 'is', null)
      .execute();
    for (const { id } of entries) listed.add(id);
    const causes = await db
      .selectFrom('deny_cause')
      .select('id')
      .where('id', 'in', piece)
      .execute();
    for (const { id } of causes) caused.add(id);
    await db.deleteFrom('deny_dirty').where('id', 'in', piece).execute();
  });
  const changed = ids.map((id) => ({ id, isListed: listed.has(id), hasCause: caused.has(id) }));
  const step = nextDenyVersion(await readDenyHead(db), changed, sha256);
  if (step === null) return null;
  const { version, count, setDigest } = step.head;
  await inPieces(step.adds, (piece) =>
    db
      .insertInto('deny_entry')
      .values(piece.map((id) => ({ id, added_in: version, removed_in: null })))
      .execute(),
  );
  await inPieces(step.removes, (piece) =>
    db
      .updateTable('deny_entry')
      .set({ removed_in: version })
      .where('id', 'in', piece)
      .where('removed_in', 'is', null)
      .execute(),
  );
  await db
    .insertInto('deny_version')
    .values({ version, count, set_digest: setDigest, at_ms: atMs })
    .execute();
  return step.head;
}

/** Adds and removes from an older version to the newest, or null where a snapshot is the better way. */
export async function readDenySteps(
  db: Db,
  from: number,
): Promise<{ adds: string[]; removes: string[] } | null> {
  const entries = await db
    .selectFrom('deny_entry')
    .selectAll()
    .where((eb) => eb.or([eb('added_in', '>', from), eb('removed_in', '>', from)]))
    .limit(2 * DELTA_IDS_MAX + 1)
    .execute();
  if (entries.length > 2 * DELTA_IDS_MAX) return null;
  const steps = combineSteps(
    entries.map((row) => ({ id: row.id, addedIn: row.added_in, removedIn: row.removed_in })),
    from,
  );
  return steps.adds.length + steps.removes.length > DELTA_IDS_MAX ? null : steps;
}

/** All ids of the newest version, sorted, as one block of bytes. */
export async function readDenyBody(db: Db): Promise<Uint8Array> {
  const rows = await db
    .selectFrom('deny_entry')
    .select('id')
    .where('removed_in', 'is', null)
    .orderBy('id')
    .execute();
  return Buffer.from(rows.map(({ id }) => id).join(''), 'hex');
}
