/** The lease of whoever leads, and notes of which one process after the other decides. */
import type { Lease } from '../../../core/lead/lease-changes.ts';
import { lock } from '../locks.ts';
import type { Session } from '../session.ts';

const LEASE = 'SELECT fence, holder, beats FROM lease WHERE number = 1 FOR NO KEY UPDATE';
const USED = 'SELECT 1 FROM used_challenge WHERE challenge = $1';
const META = 'SELECT value FROM meta WHERE key = $1';

export class LeaseReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async lease(): Promise<Lease | null> {
    // Before there is a row nothing else keeps two of the first bids apart.
    await lock(this.#session, { turns: ['lease'] });
    return (await this.#session.first<Lease>(LEASE)) ?? null;
  }

  /** Of two at once the second one finds the row of the first when it is run again. */
  async isChallengeUsed(challenge: string): Promise<boolean> {
    return (await this.#session.first(USED, [challenge])) !== undefined;
  }

  async meta(key: string): Promise<string | null> {
    await lock(this.#session, { turns: [`meta:${key}`] });
    return (await this.#session.first<{ value: string }>(META, [key]))?.value ?? null;
  }
}
