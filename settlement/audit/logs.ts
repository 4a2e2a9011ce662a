/**
 * The gates' logs, walked again from the stored bytes: chain, sequence, heads, and on request every
 * seal and every charged code. It believes no column that can be computed from what was received.
 */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { sha256 } from '@stile/crypto/sign.ts';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { genesisHash, lineHash, sealMessage } from '@stile/protocol/gate-log.ts';
import { holds, type Verify } from '@stile/protocol/signature.ts';
import type { IssuerKey } from '@stile/protocol/trust-list.ts';
import { checkLine, type KnownIssuerKey } from '../core/logs/check.ts';
import type { Connection } from '../store/sqlite/connection.ts';
import type { AuditCheck } from './audit.ts';
import { check } from './ledger.ts';

type EpochRow = { id: number; gate: string; epoch: string; lastSeq: number; head: Uint8Array };
type RecordRow = { id: number; seq: number; line: Uint8Array; hash: Uint8Array; outcome: string };
type BatchRow = {
  id: number;
  epochId: number;
  header: Uint8Array;
  seal: Uint8Array;
  publicKey: Uint8Array;
};

export function auditLogs({ db }: Connection, signatures: boolean): AuditCheck[] {
  const epochs = db
    .prepare('SELECT id, gate, epoch, last_seq AS lastSeq, head FROM gate_epoch ORDER BY id')
    .all() as EpochRow[];
  const broken = epochs.filter((epoch) => !isWhole(db, epoch));
  const names = broken.map(({ gate, epoch }) => `${gate}/${epoch}`);
  const checks = [check("every gate's log is whole", names, `${epochs.length} epochs`)];
  if (!signatures) return checks;
  const verify = createNodeVerify();
  return [...checks, checkSeals(db, verify), checkCodes(db, verify)];
}

function isWhole(db: Connection['db'], epoch: EpochRow): boolean {
  const rows = db
    .prepare('SELECT id, seq, line, hash FROM record WHERE epoch_id = ? ORDER BY seq')
    .iterate(epoch.id) as IterableIterator<RecordRow>;
  let hash = genesisHash(epoch.gate, epoch.epoch, sha256);
  let last = 0;
  for (const row of rows) {
    hash = lineHash(hash, row.line, sha256);
    last += 1;
    if (row.seq !== last || toHex(hash) !== toHex(row.hash)) return false;
  }
  return last === epoch.lastSeq && toHex(hash) === toHex(epoch.head);
}

/** Each seal is its gate's, over a head that the stored lines lead to. */
function checkSeals(db: Connection['db'], verify: Verify): AuditCheck {
  const rows = db
    .prepare(
      `SELECT batch.id, epoch_id AS epochId, header_line AS header, seal_line AS seal,
         public_key AS publicKey FROM batch JOIN gate_key ON gate_key.id = gate_key_id`,
    )
    .iterate() as IterableIterator<BatchRow>;
  const isKnown = db
    .prepare(
      `SELECT 1 FROM record WHERE epoch_id = @epoch AND seq = @seq AND hash = @hash
       UNION ALL SELECT 1 FROM odd_line WHERE epoch_id = @epoch AND seq = @seq AND hash = @hash`,
    )
    .pluck();
  const wrong: string[] = [];
  let count = 0;
  for (const { id, epochId, header, seal, publicKey } of rows) {
    count += 1;
    const { head, sig } = JSON.parse(textOf(seal)) as { head: string; sig: string };
    const { toSeq } = JSON.parse(textOf(header)) as { toSeq: number };
    const hash = fromHex(head, 32) ?? new Uint8Array(32);
    const message = sealMessage(header, hash, sha256);
    const signature = fromHex(sig, 64) ?? new Uint8Array(64);
    const isSealed = holds(verify, 'Ed25519', new Uint8Array(publicKey), message, signature);
    const isHere = isKnown.get({ epoch: epochId, seq: toSeq, hash }) !== undefined;
    if (!isSealed || !isHere) wrong.push(`batch ${id}`);
  }
  return check('every batch is sealed by its gate', wrong, `${count} batches`);
}

/** Each tap that was charged, voided or found an extra use holds a code that is genuine. */
function checkCodes(db: Connection['db'], verify: Verify): AuditCheck {
  const issuerKeys = readKeys(db);
  const rows = db
    .prepare(
      `SELECT id, seq, line, hash, outcome FROM record
       WHERE use IS NOT NULL AND kind = 'tap' ORDER BY id`,
    )
    .iterate() as IterableIterator<RecordRow>;
  const wrong: string[] = [];
  let count = 0;
  for (const { id, seq, line, hash } of rows) {
    count += 1;
    const parts = { issuerKeys, verify, sha256, verifiedPasses: null };
    const checked = checkLine({ seq, bytes: line, hash }, parts);
    const isGood = checked.kind === 'tap' && checked.verdict === 'open' && checked.problem === null;
    if (!isGood) wrong.push(`record ${id}`);
  }
  return check('every code that money hangs on is genuine', wrong, `${count} codes`);
}

function readKeys(db: Connection['db']): KnownIssuerKey[] {
  const rows = db
    .prepare(
      `SELECT issuer, key_id AS keyId, public_key AS publicKey, not_before_s AS notBeforeS,
         not_after_s AS notAfterS, status, ceiling_exponent AS ceilingExponent FROM issuer_key`,
    )
    .all() as IssuerKey[];
  return rows.map((key) => ({
    ...key,
    publicKeyBytes: fromHex(key.publicKey, 32) ?? new Uint8Array(32),
  }));
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
