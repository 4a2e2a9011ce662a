/** The seal of the books as it is stored, and sealing what an earlier version of this program wrote. */
import type { Random } from '@stile/host/random.ts';
import { equalBytes, fromHex, toHex } from '@stile/protocol/bytes.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { ListRules } from '../../core/lists/list-rules.ts';
import {
  bookKeyCheck,
  cutSeal,
  epochSeal,
  FIRST_LINK,
  type KeyedHash,
  listRulesSeal,
  nextLink,
  nextResolutionLink,
  type SealedEpoch,
  type SealedResolution,
  type SealedTransfer,
} from '../../core/money/book-seal.ts';
import type { CutKind, CutTotal } from '../../core/retention/cut-changes.ts';
import { bookKeyFile, ensureBookKey, keyedHashOf } from '../book-key.ts';
import type { Connection } from './connection.ts';

export const TRANSFERS = `SELECT number, id, debit, credit, amount_cents AS amountCents, code,
    happened_at_ms AS happenedAtMs, recorded_at_ms AS recordedAtMs FROM transfer ORDER BY number`;
export const RESOLUTIONS = `SELECT number, odd_line AS oddLine, record, how, why, by_name AS "by", note,
    at_ms AS atMs, use, line, ride_ms AS rideMs, ceiling_cents AS ceilingCents, fare_cents AS fareCents,
    tariff_version AS tariffVersion, adopted_record AS adoptedRecord FROM resolution`;
/** Under which name of `meta` stands which key the books were sealed with. */
const KEY_CHECK = 'bookKeyCheck';
const EPOCHS = 'SELECT id, gate, epoch, last_seq AS lastSeq, head FROM gate_epoch';

/**
 * @throws Fault STORE_CORRUPT if the books were sealed and their key is missing or another one, or if there is a
 * key and no seal: what is written with a wrong key is never good again.
 */
export function openSeals(
  connection: Connection,
  { file, random }: { file: string; random: Random },
) {
  const { db } = connection;
  const isSealed = db.prepare(`SELECT 1 FROM book_seal WHERE name = 'ledger'`).get() !== undefined;
  const database = file;
  const { key, isNew, finish } = ensureBookKey(bookKeyFile(file), { database, isSealed, random });
  const keyedHash = keyedHashOf(key);
  if (isNew) {
    connection.write(() => sealAll(db, keyedHash));
    finish();
  }
  refuseOtherKey(connection, { keyedHash, file });
  return keyedHash;
}

function refuseOtherKey(
  connection: Connection,
  { keyedHash, file }: { keyedHash: KeyedHash; file: string },
): void {
  const { db } = connection;
  const check = bookKeyCheck(keyedHash);
  const noted = db.prepare('SELECT value FROM meta WHERE key = ?').pluck().get(KEY_CHECK);
  if (typeof noted === 'string') {
    if (equalBytes(fromHex(noted) ?? FIRST_LINK, check)) return;
  } else if (isSealedWith(db, keyedHash)) {
    // Sealed by an earlier version, which noted nothing of its key.
    const note = db.prepare('INSERT INTO meta (key, value) VALUES (?, ?)');
    connection.write(() => note.run(KEY_CHECK, toHex(check)));
    return;
  }
  throw new Fault(
    'STORE_CORRUPT',
    `${bookKeyFile(file)} is not the key that ${file} was sealed with: restore it from the backup`,
  );
}

function isSealedWith(db: Connection['db'], keyedHash: KeyedHash): boolean {
  const sealed = db.prepare(`SELECT link FROM book_seal WHERE name = 'ledger'`).pluck().get();
  return sealed instanceof Uint8Array && equalBytes(sealed, chainOf(db, keyedHash).link);
}

function chainOf(db: Connection['db'], keyedHash: KeyedHash) {
  let link: Uint8Array = FIRST_LINK;
  let lastNumber = 0;
  for (const row of db.prepare(TRANSFERS).iterate()) {
    const transfer = row as SealedTransfer;
    link = nextLink(link, { transfer, keyedHash });
    lastNumber = transfer.number;
  }
  return { link, lastNumber };
}

function sealAll(db: Connection['db'], keyedHash: KeyedHash): void {
  const { link, lastNumber } = chainOf(db, keyedHash);
  db.prepare(`INSERT INTO book_seal VALUES ('ledger', ?, ?)`).run(lastNumber, link);
  const save = db.prepare('UPDATE gate_epoch SET seal = ? WHERE id = ?');
  for (const epoch of db.prepare(EPOCHS).all() as SealedEpoch[]) {
    save.run(epochSeal(epoch, keyedHash), epoch.id);
  }
}

/** Seals what is being written, in its transaction. */
export class SealRows {
  readonly #keyedHash: KeyedHash;
  readonly #sql;

  constructor({ db }: Connection, keyedHash: KeyedHash) {
    this.#keyedHash = keyedHash;
    this.#sql = {
      ledger: db.prepare(
        `SELECT last_number AS lastNumber, link FROM book_seal WHERE name = 'ledger'`,
      ),
      saveLedger: db.prepare(
        `UPDATE book_seal SET last_number = ?, link = ? WHERE name = 'ledger'`,
      ),
      resolutionsLink: db.prepare(`SELECT link FROM book_seal WHERE name = 'resolutions'`).pluck(),
      resolution: db.prepare(`${RESOLUTIONS} WHERE number = ?`),
      saveResolutions: db.prepare(
        `INSERT INTO book_seal VALUES ('resolutions', ?, ?)
         ON CONFLICT (name) DO UPDATE SET last_number = excluded.last_number, link = excluded.link`,
      ),
      epoch: db.prepare(`${EPOCHS} WHERE id = ?`),
      saveEpoch: db.prepare('UPDATE gate_epoch SET seal = ? WHERE id = ?'),
    };
  }

  /** Goes on from the last link over these transfers, which have just been added. */
  transfers(added: readonly SealedTransfer[]): void {
    let { lastNumber, link } = this.#sql.ledger.get() as { lastNumber: number; link: Uint8Array };
    for (const transfer of added) {
      link = nextLink(link, { transfer, keyedHash: this.#keyedHash });
      lastNumber = transfer.number;
    }
    this.#sql.saveLedger.run(lastNumber, link);
  }

  listRules(rules: ListRules): Uint8Array {
    return listRulesSeal(rules, this.#keyedHash);
  }

  cut(cut: CutKind, total: CutTotal): Uint8Array {
    return cutSeal(cut, { total, keyedHash: this.#keyedHash });
  }

  /** Goes on from the last link over this resolution, which has just been added. */
  resolution(number: number): void {
    const link = (this.#sql.resolutionsLink.get() as Uint8Array | undefined) ?? FIRST_LINK;
    const resolution = this.#sql.resolution.get(number) as SealedResolution;
    const next = nextResolutionLink(link, { resolution, keyedHash: this.#keyedHash });
    this.#sql.saveResolutions.run(number, next);
  }

  epoch(id: number): void {
    const epoch = this.#sql.epoch.get(id) as SealedEpoch;
    this.#sql.saveEpoch.run(epochSeal(epoch, this.#keyedHash), id);
  }
}
