/** One version of the deny list as a signed file: head, LF, ids. Read in pages; requests come in between. */
import { createHash } from 'node:crypto';
import { DENY_ID_BYTES } from '@stile/protocol/deny-list.ts';
import { assert } from '@stile/protocol/fault.ts';
import type { DenySnapshotHead, DenyVersion } from '@stile/protocol/trust-list.ts';
import type { DocumentSigner } from '../keys/operator-keys.ts';
import type { Store } from '../store/port.ts';
import { pause } from './pause.ts';

/** Ids that are read at a time: about a millisecond. */
const PAGE_IDS = 5_000;

export async function buildDenySnapshot(
  store: Pick<Store, 'readDenyPage'>,
  head: DenyVersion,
  {
    signer,
    ...signing
  }: Pick<DenySnapshotHead, 'issuedAtS' | 'force' | 'saneFrom'> & {
    signer: DocumentSigner;
  },
): Promise<Uint8Array> {
  const body = Buffer.alloc(head.count * DENY_ID_BYTES);
  const hash = createHash('sha256');
  let after: Uint8Array | null = null;
  let at = 0;
  while (at < body.length) {
    const page: Uint8Array = await store.readDenyPage({
      version: head.version,
      after,
      limit: PAGE_IDS,
    });
    assert(page.length > 0 && at + page.length <= body.length, 'a version has its count of ids');
    body.set(page, at);
    hash.update(page);
    after = page.subarray(page.length - DENY_ID_BYTES);
    at += page.length;
    await pause();
  }
  const bodySha256 = hash.digest('hex');
  const stile = 'deny-snapshot/1';
  const signed: DenySnapshotHead = { stile, ...head, bodySha256, ...signing };
  const jws = await signer.sign('stile-deny-snapshot+jws', signed);
  return Buffer.concat([Buffer.from(`${jws}\n`), body]);
}
