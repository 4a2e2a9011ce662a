/** What a rider reads of the own account: the statement has a row for each fare. */
import { keyFromJwk } from '@stile/crypto/sign.ts';
import { callJson } from '@stile/host/http-client.ts';
import { createPhoneClient } from '@stile/phone/client.ts';
import { readPhone } from '@stile/phone/phone-file.ts';
import { type StatementItem, statementSchema } from '@stile/protocol/http/rider-api.ts';
import type { Phone } from './stage.ts';

export async function countRides({ file }: Phone): Promise<number> {
  const phone = readPhone(file);
  const client = createPhoneClient(phone.settlementUrl, keyFromJwk(phone.key));
  const token = await client.openSession(phone);
  const found = await callJson(phone.settlementUrl, 'v1/riders/me/statement', { token });
  return statementSchema.parse(found).items.filter(isRide).length;
}

/** A shop has no line. */
export function isRide({ line, kind }: Pick<StatementItem, 'line' | 'kind'>): boolean {
  return line !== null && kind !== 'refund';
}
