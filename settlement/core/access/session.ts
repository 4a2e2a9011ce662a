/** Sessions of riders: opened with the key of a pass, as long as that pass has not ended and is not denied itself. */
import { type Decision, unchanged } from '../changes.ts';

export type NewSession = {
  issuer: number;
  tokenHash: string;
  account: string;
  serial: number;
  expiresAtS: number;
};

export type SessionFacts = {
  isEnded: boolean;
  /** The operator has denied this pass itself. One whose whole account is denied still sees its money and debts. */
  isDenied: boolean;
};

export type SessionResult = 'opened' | 'ended' | 'denied';

export function decideSession(
  { isEnded, isDenied }: SessionFacts,
  { issuer: _issuer, ...session }: NewSession,
): Decision<SessionResult> {
  if (isEnded) return unchanged('ended');
  if (isDenied) return unchanged('denied');
  return { changes: [{ kind: 'addSession', ...session }], result: 'opened' };
}

/** Whether a rider's session is still open: it ends by itself. */
export function isOpenSession({ expiresAtS }: { expiresAtS: number }, nowS: number): boolean {
  return expiresAtS > nowS;
}
