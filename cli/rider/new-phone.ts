/**
 * A scripted phone that gets its account, by an enrolment or a recovery: its key is on disk before settlement is
 * asked, and the next try asks with the same one, so a response that is lost costs nothing.
 */
import { createPhoneClient } from '@stile/phone/client.ts';
import { keepNewKey, type NewKey, removeNewKey } from '@stile/phone/new-key-file.ts';
import { writePhone } from '@stile/phone/phone-file.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { EnrolledRider } from '@stile/protocol/http/rider-api.ts';
import type { Algorithm } from '@stile/protocol/signature.ts';
import { type PhoneOption, requireNewPhone } from '../phone.ts';

/** Behind a response that is not heard. */
const TRIES_MAX = 3;

export type NewPhoneOptions = PhoneOption & {
  settlement: string;
  algorithm: Algorithm;
  plainHttp?: boolean;
};

type PhoneClient = ReturnType<typeof createPhoneClient>;

/** @throws Fault if there is no account for it; says then what becomes of the key. */
export async function makePhone<T extends EnrolledRider>(
  options: NewPhoneOptions,
  ask: (client: PhoneClient) => Promise<T>,
): Promise<T> {
  requireNewPhone(options);
  const { phone, settlement, algorithm, plainHttp } = options;
  const newKey = keepNewKey(phone, algorithm);
  const { key } = newKey;
  const enrolled = await askAsOne(() => ask(createPhoneClient(settlement, key, options)), newKey);
  const { account, serial, pass } = enrolled;
  writePhone(phone, {
    stile: 'phone/1',
    settlementUrl: settlement,
    ...(plainHttp === true ? { plainHttp: true } : {}),
    key: { ...key.privateJwk, crv: key.algorithm },
    account,
    serial,
    pass,
    counter: 0,
  });
  removeNewKey(phone);
  return enrolled;
}

async function askAsOne<T>(ask: () => Promise<T>, { file, isEarlier }: NewKey): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { code, message } = error;
      const isLost = code === 'UPLINK_UNREACHABLE';
      if (isLost && tries < TRIES_MAX) continue;
      const options = { cause: error };
      if (isLost) throw new Fault(code, `${message}; ask again: ${file} has the key`, options);
      if (!isEarlier) throw error;
      const advice = `this was asked with the key of an earlier try; an account that it has is lost with it, but without ${file} a new one is made`;
      throw new Fault(code, `${message}; ${advice}`, options);
    }
  }
}
