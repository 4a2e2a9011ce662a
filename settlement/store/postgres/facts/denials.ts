/** Denials that stand: of an account or one of its passes, and of an id by its cause. */
import { toHex } from '@stile/protocol/bytes.ts';
import { denyId } from '@stile/protocol/deny-list.ts';
import type { AccountCode } from '../../../core/access/recovery-codes.ts';
import type { DenialFacts } from '../../../core/lists/denial.ts';
import type { DeniedBy, DenyCause } from '../../../core/lists/deny.ts';
import type { PassOf } from '../../port.ts';
import { lock } from '../locks.ts';
import type { Session } from '../session.ts';
import { OPEN_CODES } from './recovery-facts.ts';

const OF_IDS = `SELECT cause, note FROM denial
  WHERE id = ANY($1::bytea[]) AND lifted_at_ms IS NULL ORDER BY since_ms, number`;
const STANDING = `SELECT encode(id, 'hex') AS "idHex", cause, note FROM denial
  WHERE id = ANY($1::bytea[]) AND lifted_at_ms IS NULL ORDER BY since_ms, number`;
const CAUSES = `SELECT encode(id, 'hex') AS "idHex", cause FROM denial
  WHERE id = ANY($1::bytea[]) AND lifted_at_ms IS NULL ORDER BY since_ms, number`;
const BY_OPERATOR = `SELECT 1 FROM denial
  WHERE id = $1 AND cause = 'OPERATOR' AND lifted_at_ms IS NULL`;

type CauseOfId = { idHex: string; cause: DenyCause };

export class DenialReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Of the account as a whole if `serial` is 0. */
  async read(issuer: number, { account, serial }: PassOf): Promise<DeniedBy[]> {
    const ids = [denyId({ issuer, account, serial: 0 }), denyId({ issuer, account, serial })];
    return await this.#session.all<DeniedBy>(OF_IDS, [ids]);
  }

  /** Those of many ids at once. */
  async standing(ids: readonly Uint8Array[]): Promise<(DeniedBy & { idHex: string })[]> {
    return await this.#session.all(STANDING, [ids]);
  }

  /** Causes of those that stand, of many ids at once. */
  async causesOf(ids: readonly Uint8Array[]): Promise<CauseOfId[]> {
    if (ids.length === 0) return [];
    return await this.#session.all<CauseOfId>(CAUSES, [ids]);
  }

  /** By the operator, and this very phone; null is none. */
  async isDeniedPhone(of: {
    issuer: number;
    account: string;
    drawnBy: number | null;
  }): Promise<boolean> {
    const { issuer, account, drawnBy: serial } = of;
    return serial !== null && (await this.isDeniedByOperator(denyId({ issuer, account, serial })));
  }

  async isDeniedByOperator(id: Uint8Array): Promise<boolean> {
    return (await this.#session.first(BY_OPERATOR, [id])) !== undefined;
  }

  async denial(id: Uint8Array): Promise<DenialFacts> {
    const account = accountOf(id);
    await lock(this.#session, { accounts: [account] });
    return {
      isDeniedByOperator: await this.isDeniedByOperator(id),
      codes: await this.#session.all<AccountCode>(OPEN_CODES, [account]),
    };
  }
}

/** The account that an id of the deny list names (protocol/README.md §5). */
function accountOf(id: Uint8Array): string {
  return toHex(id.subarray(2, 10));
}
