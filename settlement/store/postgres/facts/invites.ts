/** Invitations and passes as they are stored: what enrolling and giving out another pass have to know. */
import type { StoredInvite } from '../../database.ts';
import type { PassOf } from '../../port.ts';
import type { Session } from '../session.ts';

const INVITE = `SELECT kind, person_hash AS "personHash", expires_at_ms AS "expiresAtMs",
    used_at_ms AS "usedAtMs"
  FROM invite WHERE token_hash = $1`;

const ACCOUNT = 'SELECT 1 FROM account WHERE account = $1';
const PASSES_OF_PERSON = `SELECT pass.account, serial, ended_at_ms IS NOT NULL AS "isEnded"
  FROM account JOIN pass ON pass.account = account.account
  WHERE person_hash = $1 ORDER BY pass.account, serial`;
/** Of any account: who was first with a key has it. */
const PASS_OF_KEY = 'SELECT 1 FROM pass_key WHERE public_key = $1';
const GOOD = `expires_at_s >= $2
    AND NOT EXISTS (SELECT 1 FROM issuer_key WHERE issuer_key.issuer = pass_issue.issuer
      AND issuer_key.key_id = pass_issue.key_id AND status = 'revoked')`;
const OPEN_ISSUES = `
  SELECT count(*) AS count FROM pass_issue WHERE account = $1 AND serial = $3 AND ${GOOD}`;
const OPEN_PHONES = `
  SELECT count(DISTINCT serial) AS count FROM pass_issue WHERE account = $1 AND ${GOOD}`;
const IS_ENDED = `SELECT 1 FROM pass
  WHERE account = $1 AND serial = $2 AND ended_at_ms IS NOT NULL`;

export class InviteReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** It is used up by one. */
  async lock(tokenHash: string): Promise<StoredInvite | undefined> {
    return await this.#session.first<StoredInvite>(`${INVITE} FOR NO KEY UPDATE`, [tokenHash]);
  }

  async read(tokenHash: string): Promise<StoredInvite | undefined> {
    return await this.#session.first<StoredInvite>(INVITE, [tokenHash]);
  }
}

export type PassOfPerson = PassOf & { isEnded: boolean };

export class PassReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async isAccountKnown(account: string): Promise<boolean> {
    return (await this.#session.first(ACCOUNT, [account])) !== undefined;
  }

  async passesOfPerson(personHash: string): Promise<PassOfPerson[]> {
    return await this.#session.all<PassOfPerson>(PASSES_OF_PERSON, [personHash]);
  }

  async isKeyTaken(publicKey: string): Promise<boolean> {
    return (await this.#session.first(PASS_OF_KEY, [publicKey])) !== undefined;
  }

  /** How many of the phone's passes are good then: one whose key was revoked opens nothing. */
  async openIssues({ account, serial }: PassOf, nowS: number): Promise<number> {
    const row = await this.#session.first<{ count: number }>(OPEN_ISSUES, [account, nowS, serial]);
    return row?.count ?? 0;
  }

  /** How many of the account's phones have such a pass. */
  async openPhones(account: string, nowS: number): Promise<number> {
    const row = await this.#session.first<{ count: number }>(OPEN_PHONES, [account, nowS]);
    return row?.count ?? 0;
  }

  async isEnded({ account, serial }: PassOf): Promise<boolean> {
    return (await this.#session.first(IS_ENDED, [account, serial])) !== undefined;
  }
}
