/**
 * One batch into the database: facts are read, core/ingest.ts decides, everything is written, in one
 * transaction. Money that follows from opened taps is posted in the same transaction; what has to be
 * withheld is left to a job in the outbox.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { type Batch, genesisHash } from '@stile/protocol/gate-log.ts';
import type { ItemRuling } from '@stile/protocol/sync.ts';
import type { IssuerKey, TrustList } from '@stile/protocol/trust-list.ts';
import {
  type IngestPlan,
  type KeptRecord,
  type KnownLog,
  planIngest,
  type SignatureFinding,
} from '../core/ingest.ts';
import { raiseAlarm } from './gates.ts';
import { inPieces } from './money.ts';
import { rateUses, type TapRuling } from './rate-uses.ts';
import type { Db, NewRow } from './schema.ts';

export type IngestRules = {
  codeLifetimeSMax: number;
  tariff: TrustList['tariff'];
  issuers: readonly IssuerKey[];
};

/** What the signature checks found for one opened tap, and whose code it is. */
export type TapFinding = { signature: SignatureFinding; account: string };

/** Stores a batch whose seal holds; durable once the transaction around it commits. */
export async function ingestBatch(
  db: Db,
  batch: Batch,
  gateLine: string,
  rules: IngestRules,
  findings: ReadonlyMap<number, TapFinding>,
  receivedAtMs: number,
): Promise<{ items: ItemRuling[]; ackSeq: number; settles: boolean }> {
  const known = await readKnown(db, batch);
  const devices = await readDevices(db, findings);
  const keys = new Map(rules.issuers.map((key) => [`${key.issuer}/${key.keyId}`, key]));
  const plan = planIngest(batch, known, {
    gateLine,
    codeLifetimeSMax: rules.codeLifetimeSMax,
    tariff: rules.tariff,
    findKey: (issuer, keyId) => keys.get(`${issuer}/${keyId}`),
    findSignature: (seq) => findings.get(seq)?.signature,
    isDevice: (account, serial) => devices.has(`${account}/${serial}`),
  });
  await writeLog(db, batch, plan, receivedAtMs);
  const voided = await applyVoids(db, batch, plan);
  const fresh = plan.records.flatMap(({ use }) => (use === null ? [] : [use.use]));
  const rated = await rateUses(db, [...new Set([...fresh, ...voided])], receivedAtMs);
  tellRulings(plan, batch, rated.changed);
  return { items: plan.items, ackSeq: plan.lastSeq, settles: rated.settles };
}

async function readKnown(db: Db, batch: Batch): Promise<KnownLog> {
  const { gate, epoch, fromSeq, toSeq } = batch.header;
  const chain = await db
    .selectFrom('chain')
    .selectAll()
    .where('gate', '=', gate)
    .where('epoch', '=', epoch)
    .executeTakeFirst();
  const rows = await db
    .selectFrom('record')
    .select(['seq', 'line'])
    .where('gate', '=', gate)
    .where('epoch', '=', epoch)
    .where('seq', '>=', fromSeq)
    .where('seq', '<=', toSeq)
    .execute();
  const head = chain === undefined ? undefined : fromHex(chain.head, 32);
  return {
    lastSeq: chain?.last_seq ?? 0,
    head: head ?? genesisHash(gate, epoch, sha256),
    lines: new Map(rows.map((row) => [row.seq, row.line])),
  };
}

/** Which passes in this batch were issued to a device that is known here. */
async function readDevices(
  db: Db,
  findings: ReadonlyMap<number, TapFinding>,
): Promise<Set<string>> {
  const accounts = new Set([...findings.values()].map(({ account }) => account));
  const devices = new Set<string>();
  await inPieces([...accounts], async (piece) => {
    const rows = await db
      .selectFrom('device')
      .select(['account', 'serial'])
      .where('account', 'in', piece)
      .execute();
    for (const { account, serial } of rows) devices.add(`${account}/${serial}`);
  });
  return devices;
}

async function writeLog(
  db: Db,
  batch: Batch,
  plan: IngestPlan,
  receivedAtMs: number,
): Promise<void> {
  const { gate, epoch } = batch.header;
  await inPieces(plan.records, (piece) =>
    db
      .insertInto('record')
      .values(piece.map((kept) => recordRow(gate, epoch, kept, receivedAtMs)))
      .execute(),
  );
  await inPieces(plan.aside, (piece) =>
    db
      .insertInto('aside')
      .values(
        piece.map(({ line, why }) => ({
          gate,
          epoch,
          seq: line.seq,
          line: line.bytes,
          hash: toHex(line.hash),
          why,
          received_at_ms: receivedAtMs,
          joined_at_ms: null,
        })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute(),
  );
  for (const why of ['CONFLICT', 'FORK'] as const) {
    const lines = plan.aside.filter((kept) => kept.why === why);
    if (lines.length === 0) continue;
    const detail = `${lines.length} lines from seq ${lines[0]?.line.seq} of epoch ${epoch}`;
    await raiseAlarm(db, { gate, what: why, detail, atMs: receivedAtMs });
  }
  if (plan.records.length === 0) return;
  const chain = { last_seq: plan.lastSeq, head: toHex(plan.head), last_at_ms: receivedAtMs };
  await db
    .insertInto('chain')
    .values({ gate, epoch, first_at_ms: receivedAtMs, ...chain })
    .onConflict((conflict) => conflict.columns(['gate', 'epoch']).doUpdateSet(chain))
    .execute();
  await db
    .updateTable('aside')
    .set({ joined_at_ms: receivedAtMs })
    .where('gate', '=', gate)
    .where('epoch', '=', epoch)
    .where('why', '=', 'GAP')
    .where('seq', '<=', plan.lastSeq)
    .where('joined_at_ms', 'is', null)
    .execute();
}

function recordRow(
  gate: string,
  epoch: string,
  kept: KeptRecord,
  receivedAtMs: number,
): NewRow<'record'> {
  const { line, record, use } = kept;
  const tap = record?.kind === 'tap' ? record : null;
  return {
    gate,
    epoch,
    seq: line.seq,
    line: line.bytes,
    hash: line.hash,
    kind: record?.kind ?? 'unreadable',
    verdict: tap?.verdict ?? null,
    gate_reason: tap?.reason ?? null,
    ruling: kept.ruling,
    ruling_reason: kept.reason,
    at_ms: record?.atMs ?? null,
    received_at_ms: receivedAtMs,
    use_key: use?.use ?? null,
    account: use?.account ?? null,
    line_name: tap?.line ?? null,
    fare_cents: use?.fareCents ?? null,
    voided_by_seq: null,
  };
}

/** Marks taps that a void takes back; gives their code uses. */
async function applyVoids(db: Db, batch: Batch, plan: IngestPlan): Promise<string[]> {
  const { gate, epoch } = batch.header;
  const uses: string[] = [];
  for (const { record } of plan.records) {
    if (record?.kind !== 'void') continue;
    const tap = await db
      .updateTable('record')
      .set({ voided_by_seq: record.seq })
      .where('gate', '=', gate)
      .where('epoch', '=', epoch)
      .where('seq', '=', record.of)
      .where('voided_by_seq', 'is', null)
      .returning('use_key')
      .executeTakeFirst();
    if (tap?.use_key) uses.push(tap.use_key);
  }
  return uses;
}

/** An opened tap that turned out not to carry its charge is answered as what it is. */
function tellRulings(plan: IngestPlan, batch: Batch, changed: readonly TapRuling[]): void {
  const { gate, epoch } = batch.header;
  const here = new Map(plan.items.map((item) => [item.seq, item]));
  for (const { tap, ruling, reason } of changed) {
    const item = tap.gate === gate && tap.epoch === epoch ? here.get(tap.seq) : undefined;
    if (item === undefined || item.ruling === 'duplicate') continue;
    item.ruling = ruling;
    if (reason === null) delete item.reason;
    else item.reason = reason;
  }
}
