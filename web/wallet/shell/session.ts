/** The one session with settlement: opened with the phone's key when it is needed, and again when it ends. */
import { assert } from '@stile/protocol/fault.ts';
import { ApiRefusal } from '../../parts/api.ts';
import { phone } from './phone.ts';
import { openSession, type Session } from './settlement-client.ts';

let current: { account: string; token: string } | null = null;

/** Takes the session that came with the enrolment. */
export function takeSession({ token }: Session): void {
  const { value } = phone;
  if (value !== null) current = { account: value.account, token };
}

export function dropSession(): void {
  current = null;
}

/**
 * Runs something that needs a session. When one ends is settlement's to say, because the phone's clock may
 * be wrong. @throws ApiRefusal or Unreachable.
 */
export async function withSession<T>(work: (token: string) => Promise<T>): Promise<T> {
  try {
    return await work(await tokenNow());
  } catch (error) {
    if (!(error instanceof ApiRefusal) || error.status !== 401) throw error;
    dropSession();
    return await work(await tokenNow());
  }
}

async function tokenNow(): Promise<string> {
  const { value } = phone;
  assert(value !== null, 'only an enrolled phone has sessions');
  const { account } = value;
  if (current?.account !== account) {
    const { token } = await openSession(value);
    current = { account, token };
  }
  return current.token;
}
