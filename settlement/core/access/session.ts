/** Sessions of riders: opened with the key of a pass, as long as that pass has not ended. */
import { type Decision, unchanged } from '../changes.ts';

export type NewSession = {
  tokenHash: string;
  account: string;
  serial: number;
  expiresAtS: number;
};

/** False if the pass has ended. */
export function decideSession(
  { isEnded }: { isEnded: boolean },
  session: NewSession,
): Decision<boolean> {
  if (isEnded) return unchanged(false);
  return { changes: [{ kind: 'addSession', ...session }], result: true };
}

/** Whether a rider's session is still open: it ends by itself. */
export function isOpenSession({ expiresAtS }: { expiresAtS: number }, nowS: number): boolean {
  return expiresAtS > nowS;
}
