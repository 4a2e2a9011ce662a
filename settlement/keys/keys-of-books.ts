/** Whether the operator's keys in a data directory are those that its books know: of each its file is read. */
import { Fault } from '@stile/protocol/fault.ts';
import { RootTrust } from '@stile/protocol/root-trust.ts';
import { fingerprintOf } from '@stile/protocol/signed.ts';
import { isRootAway, onlineKeyFile, readKey, requireFirstRoot, rootKeyFile } from '../data-dir.ts';
import { readBook } from './operator-book.ts';
import { rootKeyOf, stateOfStatements } from './root-grant.ts';

/**
 * `text`: what the books say of them. Online keys that have ended by `nowS` are not looked at, nor those that were
 * revoked: nothing needs them any more.
 * @throws Fault FILE_UNREADABLE with the name of the one that is missing, damaged or another.
 */
export async function requireKeysOfBooks(
  dir: string,
  { text, nowS }: { text: string; nowS: number },
): Promise<void> {
  const { statements, certificates } = readBook(text);
  const state = await stateOfStatements(statements);
  const { generation, root, next, earlier, floor } = state;
  requireFirstRoot(dir, earlier[0] ?? root);
  if (!isRootAway(dir)) {
    await requireKey(rootKeyFile(dir, generation), await fingerprintOf(root));
    await requireKey(rootKeyFile(dir, generation + 1), next ?? '');
  }
  const trust = new RootTrust(state);
  for (const certificate of certificates) {
    const key = await trust.openCertificate(certificate, { isKept: true });
    if (key.number < floor || key.notAfterS < nowS) continue;
    await requireKey(onlineKeyFile(dir, key.number), await fingerprintOf(key.publicKey));
  }
}

async function requireKey(file: string, fingerprint: string): Promise<void> {
  if ((await fingerprintOf(rootKeyOf(readKey(file)))) === fingerprint) return;
  throw new Fault(
    'FILE_UNREADABLE',
    `${file} is not the key that the database knows: restore it from the backup`,
  );
}
