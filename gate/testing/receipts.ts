/** Receipts of a scripted settlement: it knows the chain of every log that it was sent, and signs how far it has it. */
import { type SigningKey, sha256 } from '@stile/crypto/sign.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { genesisHash, readBatch } from '@stile/protocol/gate-log.ts';
import type { GateReceipt } from '@stile/protocol/sync.ts';
import { NOW_S, rootKey, signAsRoot } from './phone.ts';

export function createReceipts() {
  const heads = new Map<string, string>();

  function learn(body: Uint8Array): void {
    const reading = readBatch(body, sha256);
    if (!reading.ok) return;
    const { gate, epoch } = reading.batch.header;
    heads.set(`${gate}/${epoch}/0`, toHex(genesisHash({ gate, epoch, sha256 })));
    for (const { seq, hash } of reading.batch.records) {
      heads.set(`${gate}/${epoch}/${seq}`, toHex(hash));
    }
  }

  /** `changes` may make it lie. A log that it was not sent has some other head. */
  async function sign(
    reply: Pick<GateReceipt, 'gate' | 'epoch' | 'ackSeq'>,
    { nonce, changes = {}, key = rootKey }: SignParts,
  ): Promise<string> {
    const { gate, epoch, ackSeq } = reply;
    const head = heads.get(`${gate}/${epoch}/${ackSeq}`) ?? 'f'.repeat(64);
    const place = { gate, epoch, ackSeq, head };
    const receipt: GateReceipt = { stile: 'gate-receipt/1', ...place, atMs: NOW_S * 1000, nonce };
    return await signAsRoot('stile-gate-receipt+jws', { ...receipt, ...changes }, { key });
  }

  return { learn, sign };
}

type SignParts = { nonce: string; changes?: Partial<GateReceipt>; key?: SigningKey };
