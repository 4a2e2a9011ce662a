/** Whether the root keys of a copied data directory are those that its database knows: else it cannot be started. */
import { join } from 'node:path';
import { Fault } from '@stile/protocol/fault.ts';
import { RootTrust } from '@stile/protocol/root-trust.ts';
import { fingerprintOf } from '@stile/protocol/signed.ts';
import { z } from 'zod';
import { isRootAway, onlineKeyFile, readKey, requireFirstRoot, rootKeyFile } from './data-dir.ts';
import { DATABASE_FILE } from './database-place.ts';
import { META_KEY } from './keys/operator-book.ts';
import { rootKeyOf, stateOfStatements } from './keys/root-grant.ts';
import { openForReading } from './store/sqlite/connection.ts';

const bookSchema = z.object({ statements: z.array(z.string()), certificates: z.array(z.string()) });

/** @throws Fault FILE_UNREADABLE with the name of the one that is missing or another. */
export async function requireKeysOfDatabase(dir: string): Promise<void> {
  await requireKeysOfBooks(dir, readBook(join(dir, DATABASE_FILE)));
}

/** `text`: what the books say of them, if anything yet. @throws as above */
export async function requireKeysOfBooks(dir: string, text: string | undefined): Promise<void> {
  if (text === undefined) return;
  const book = bookSchema.parse(JSON.parse(text));
  const state = await stateOfStatements(book.statements);
  const { generation, root, next, earlier, floor } = state;
  requireFirstRoot(dir, earlier[0] ?? root);
  if (!isRootAway(dir)) {
    await requireKey(rootKeyFile(dir, generation), await fingerprintOf(root));
    await requireKey(rootKeyFile(dir, generation + 1), next ?? '');
  }
  const trust = new RootTrust(state);
  for (const certificate of book.certificates) {
    const { number, publicKey } = await trust.openCertificate(certificate, { isKept: true });
    if (number < floor) continue;
    await requireKey(onlineKeyFile(dir, number), await fingerprintOf(publicKey));
  }
}

function readBook(file: string): string | undefined {
  const { db, close } = openForReading(file);
  try {
    const value = db.prepare('SELECT value FROM meta WHERE key = ?').pluck().get(META_KEY);
    return value === undefined ? undefined : String(value);
  } finally {
    close();
  }
}

async function requireKey(file: string, fingerprint: string): Promise<void> {
  if ((await fingerprintOf(rootKeyOf(readKey(file)))) === fingerprint) return;
  throw new Fault('FILE_UNREADABLE', `${file} is not the key that the database knows`);
}
