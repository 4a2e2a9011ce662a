/**
 * The seal of the books as it is stored: a last link for each chain of the ledger and for resolutions, a seal on each
 * epoch. Who adds to a chain holds its row, chains in the order of their numbers.
 */
import { join } from 'node:path';
import type { Random } from '@stile/host/random.ts';
import { equalBytes, fromHex, toHex } from '@stile/protocol/bytes.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
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
import { ensureBookKey, keyedHashOf } from '../book-key.ts';
import { columnsOf } from './changes/columns.ts';
import { placeOf } from './faults.ts';
import { PARTS } from './ids.ts';
import type { Session, WriteSession } from './session.ts';

/** Under which name of `meta` stands which key the books were sealed with. */
const KEY_CHECK = 'bookKeyCheck';
/** Processes that start together seal once. */
const SEALING = 0x53_54_53_32;

const IS_SEALED = `SELECT 1 FROM book_seal WHERE name = 'ledger:0'`;
const SEAL_LEDGER = `INSERT INTO book_seal (name, last_number, link)
  SELECT 'ledger:' || chain, 0, $1::bytea FROM generate_series(0, ${PARTS - 1}) AS chain`;
const NOTE_KEY = 'INSERT INTO meta (key, value) VALUES ($1, $2)';
const NOTED_KEY = 'SELECT value FROM meta WHERE key = $1';
const LOCK_CHAINS = `SELECT chain, last_number AS "lastNumber", link
  FROM unnest($1::int2[]) AS asked (chain) JOIN book_seal ON name = 'ledger:' || chain
  ORDER BY chain FOR NO KEY UPDATE OF book_seal`;
const SAVE_CHAINS = `UPDATE book_seal SET last_number = new.last_number, link = new.link
  FROM unnest($1::text[], $2::int8[], $3::bytea[]) AS new (name, last_number, link)
  WHERE book_seal.name = new.name`;
const RESOLUTIONS = `SELECT link FROM book_seal WHERE name = 'resolutions' FOR UPDATE`;
const SAVE_RESOLUTIONS = `INSERT INTO book_seal (name, last_number, link) VALUES ('resolutions', $1, $2)
  ON CONFLICT (name) DO UPDATE SET last_number = excluded.last_number, link = excluded.link`;

/**
 * In one transaction, at the start; `finish` is called behind its commit.
 * @throws Fault STORE_CORRUPT if the books were sealed and their key is missing or another one, or if there is a key and
 * no seal.
 */
export async function openSeals(
  session: Session,
  { url, dataDir, random }: { url: string; dataDir: string; random: Random },
): Promise<{ keyedHash: KeyedHash; finish: () => void }> {
  await session.run('SELECT pg_advisory_xact_lock($1)', [SEALING]);
  const isSealed = (await session.first(IS_SEALED)) !== undefined;
  const file = join(dataDir, 'keys', 'book.key');
  const database = `PostgreSQL at ${placeOf(url)}`;
  const { key, isNew, finish } = ensureBookKey(file, { database, isSealed, random });
  const keyedHash = keyedHashOf(key);
  const check = bookKeyCheck(keyedHash);
  if (isNew) await sealEmptyBooks(session, keyedHash);
  const noted = await session.first<{ value: string }>(NOTED_KEY, [KEY_CHECK]);
  if (equalBytes(fromHex(noted?.value ?? '') ?? FIRST_LINK, check)) return { keyedHash, finish };
  throw new Fault(
    'STORE_CORRUPT',
    `${file} is not the key that ${database} was sealed with: restore it from the backup`,
  );
}

/** Chains without a transfer, and which key they are sealed with. */
export async function sealEmptyBooks(session: Session, keyedHash: KeyedHash): Promise<void> {
  await session.run(SEAL_LEDGER, [FIRST_LINK]);
  await session.run(NOTE_KEY, [KEY_CHECK, toHex(bookKeyCheck(keyedHash))]);
}

export type ChainEnd = { lastNumber: number; link: Uint8Array };

/** Seals what is being written, in its transaction. */
export class SealRows {
  readonly #session: WriteSession;
  readonly #keyedHash: KeyedHash;

  constructor(session: WriteSession, keyedHash: KeyedHash) {
    this.#session = session;
    this.#keyedHash = keyedHash;
  }

  /** Until the transaction ends; nobody else adds to these chains. */
  async lockChains(chains: readonly number[]): Promise<Map<number, ChainEnd>> {
    const rows = await this.#session.all<ChainEnd & { chain: number }>(LOCK_CHAINS, [chains]);
    assert(rows.length === chains.length, 'every chain of the ledger was sealed at the start');
    return new Map(rows.map(({ chain, ...end }) => [chain, end]));
  }

  /** Goes on from the last links over these transfers, which have just been added. */
  async transfers(
    added: readonly { part: number; transfer: SealedTransfer }[],
    ends: ReadonlyMap<number, ChainEnd>,
  ): Promise<void> {
    const next = new Map(ends);
    for (const { part, transfer } of added) {
      const link = next.get(part)?.link ?? FIRST_LINK;
      const linked = nextLink(link, { transfer, keyedHash: this.#keyedHash });
      next.set(part, { lastNumber: transfer.number, link: linked });
    }
    const rows = [...next].map(([chain, end]) => [`ledger:${chain}`, end.lastNumber, end.link]);
    await this.#session.run(SAVE_CHAINS, columnsOf(rows));
  }

  listRules(rules: ListRules): Uint8Array {
    return listRulesSeal(rules, this.#keyedHash);
  }

  cut(cut: CutKind, total: CutTotal): Uint8Array {
    return cutSeal(cut, { total, keyedHash: this.#keyedHash });
  }

  epoch(epoch: SealedEpoch): Uint8Array {
    return epochSeal(epoch, this.#keyedHash);
  }

  /** Goes on from the last link over this resolution, which has just been added. */
  async resolution(resolution: SealedResolution): Promise<void> {
    const last = await this.#session.first<{ link: Uint8Array }>(RESOLUTIONS);
    const link = last?.link ?? FIRST_LINK;
    const next = nextResolutionLink(link, { resolution, keyedHash: this.#keyedHash });
    await this.#session.run(SAVE_RESOLUTIONS, [resolution.number, next]);
  }
}
