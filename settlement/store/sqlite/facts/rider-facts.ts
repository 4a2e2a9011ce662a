/** The facts of riders' and gates' enrolment, top-ups and codes, put together from their readers. */

import { denyId } from '@stile/protocol/deny-list.ts';
import {
  ENROLMENT_WINDOW_MS,
  type GateEnrolmentFacts,
  type GateEnrolmentRequest,
  type PassIssueFacts,
  type PersonDenial,
  type RevocationFacts,
  type RiderEnrolmentFacts,
} from '../../../core/access/enrolment.ts';
import type { SessionFacts } from '../../../core/access/session.ts';
import type { DenialFacts } from '../../../core/lists/denial.ts';
import type { TopUpFacts } from '../../../core/money/top-up.ts';
import type { TopUpIntentFacts } from '../../../core/money/top-up-intent.ts';
import type { BlockFacts } from '../../../core/payments/merchant.ts';
import type { NewSeedFacts, SeedConfirmationFacts } from '../../../core/payments/seed.ts';
import type { MerchantFacts, RiderFacts } from '../../database.ts';
import type { PassOf } from '../../port.ts';
import type { Connection } from '../connection.ts';
import type { CodeReader } from './code-facts.ts';
import type { DenialReader } from './denials.ts';
import { InviteReader, OPEN_ISSUES } from './invites.ts';
import type { MerchantReader } from './merchant-facts.ts';
import type { RiderMoneyReader } from './rider-money.ts';

function prepare(db: Connection['db']) {
  return {
    topUp: db.prepare('SELECT amount_cents FROM top_up WHERE account = ? AND key = ?').pluck(),
    topUpIntent: db.prepare(
      `SELECT amount_cents AS amountCents, state, attempts FROM top_up_intent
       WHERE account = ? AND key = ?`,
    ),
    passesOfPerson: db.prepare(
      `SELECT pass.account, serial, ended_at_ms IS NOT NULL AS isEnded
       FROM account JOIN pass ON pass.account = account.account WHERE person_hash = ?`,
    ),
    openIssues: db.prepare(OPEN_ISSUES).pluck(),
    isEnded: db
      .prepare('SELECT ended_at_ms IS NOT NULL FROM pass WHERE account = ? AND serial = ?')
      .pluck(),
    fromAddress: db.prepare(
      `SELECT count(*) AS count, min(at_ms) AS firstAtMs FROM enrolment
       WHERE address = ? AND at_ms > ?`,
    ),
    passOfKey: db.prepare('SELECT 1 FROM pass WHERE public_key = ?').pluck(),
    gateToken: db.prepare(
      `SELECT gate, line, scope, expires_at_ms AS expiresAtMs, used_at_ms AS usedAtMs
       FROM gate_token WHERE token_hash = ?`,
    ),
    gateOfKey: db.prepare('SELECT 1 FROM gate_key WHERE public_key = ?').pluck(),
    gateKeys: db.prepare('SELECT id FROM gate_key WHERE gate = ? AND until_ms IS NULL').pluck(),
    gate: db.prepare('SELECT 1 FROM gate WHERE gate = ?').pluck(),
    everyKey: db.prepare(
      `SELECT id, until_ms AS untilMs, revoked_at_ms AS revokedAtMs FROM gate_key WHERE gate = ?`,
    ),
    gateLine: db
      .prepare('SELECT line FROM gate_line WHERE gate = ? ORDER BY number DESC LIMIT 1')
      .pluck(),
  };
}

export type RiderReaders = {
  codes: CodeReader;
  money: RiderMoneyReader;
  denials: DenialReader;
  merchants: MerchantReader;
};

type RiderToEnrol = Parameters<RiderFacts['riderEnrolment']>[0];
type PassOfPerson = PassOf & { isEnded: 0 | 1 };
type FromAddress = RiderEnrolmentFacts['fromAddress'];
type GateToken = NonNullable<GateEnrolmentFacts['token']>;

export class RiderFactReader implements RiderFacts, MerchantFacts {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #readers: RiderReaders;
  readonly #invites: InviteReader;

  constructor(connection: Connection, readers: RiderReaders) {
    this.#sql = prepare(connection.db);
    this.#invites = new InviteReader(connection);
    this.#readers = readers;
  }

  topUp({ account, key }: { account: string; key: string }): TopUpFacts {
    const earlierCents = this.#sql.topUp.get(account, key) as number | undefined;
    return { earlierCents: earlierCents ?? null, money: this.#readers.money.read(account) };
  }

  riderEnrolment(rider: RiderToEnrol): RiderEnrolmentFacts {
    const { publicKey, issuer, inviteHash, personHash, from, nowMs } = rider;
    const sinceMs = nowMs - ENROLMENT_WINDOW_MS;
    return {
      isKeyTaken: this.#sql.passOfKey.get(publicKey) !== undefined,
      invite: (inviteHash === null ? undefined : this.#invites.read(inviteHash)) ?? null,
      fromAddress: this.#sql.fromAddress.get(from?.address ?? '', sinceMs) as FromAddress,
      denialsOfPerson: personHash === null ? [] : this.#denialsOfPerson(issuer, personHash),
    };
  }

  #denialsOfPerson(issuer: number, personHash: string): PersonDenial[] {
    const passes = this.#sql.passesOfPerson.all(personHash) as PassOfPerson[];
    const { denials } = this.#readers;
    const ofPasses = passes.flatMap(({ account, serial, isEnded }) =>
      denials
        .readOfId(denyId({ issuer, account, serial }))
        .map(({ cause }) => ({ cause, isOfEndedPass: isEnded === 1 })),
    );
    const accounts = [...new Set(passes.map(({ account }) => account))];
    const ofAccounts = accounts.flatMap((account) =>
      denials
        .readOfId(denyId({ issuer, account, serial: 0 }))
        .map(({ cause }) => ({ cause, isOfEndedPass: false })),
    );
    return [...ofAccounts, ...ofPasses];
  }

  passIssue({ nowS, ...pass }: PassOf & { nowS: number }): PassIssueFacts {
    const openIssues = this.#sql.openIssues.get(pass.account, pass.serial, nowS) as number;
    return { openIssues, isEnded: this.#isEnded(pass) };
  }

  session({ issuer, account, serial }: PassOf & { issuer: number }): SessionFacts {
    const id = denyId({ issuer, account, serial });
    const isDenied = this.#readers.denials.isDeniedByOperator(id);
    return { isEnded: this.#isEnded({ account, serial }), isDenied };
  }

  #isEnded({ account, serial }: PassOf): boolean {
    return this.#sql.isEnded.get(account, serial) === 1;
  }

  topUpIntent({ account, key }: { account: string; key: string }): TopUpIntentFacts {
    const row = this.#sql.topUpIntent.get(account, key) as TopUpIntentFacts['earlier'] | undefined;
    const paidCents = this.#sql.topUp.get(account, key) as number | undefined;
    // Of a database that is older than intents: what is in was paid.
    const paid =
      paidCents === undefined
        ? null
        : { amountCents: paidCents, state: 'PAID' as const, attempts: 0 };
    return { earlier: row ?? paid, walletCents: this.#readers.money.walletCents(account) };
  }

  gateEnrolment({ tokenHash, publicKey }: GateEnrolmentRequest): GateEnrolmentFacts {
    const token = this.#sql.gateToken.get(tokenHash) as GateToken | undefined;
    const gate = token?.gate ?? '';
    const line = this.#sql.gateLine.get(gate) as string | undefined;
    return {
      token: token ?? null,
      isKeyTaken: this.#sql.gateOfKey.get(publicKey) !== undefined,
      currentKeys: this.#sql.gateKeys.all(gate) as number[],
      line: line ?? null,
    };
  }

  gateRevocation(gate: string): RevocationFacts {
    return {
      isKnown: this.#sql.gate.get(gate) !== undefined,
      keys: this.#sql.everyKey.all(gate) as RevocationFacts['keys'],
    };
  }

  newSeed(of: { handle: string } & PassOf): NewSeedFacts {
    return this.#readers.codes.newSeed(of);
  }

  seedConfirmation(of: { handle: string } & PassOf): SeedConfirmationFacts {
    return this.#readers.codes.seedConfirmation(of);
  }

  liveHandles(of: { account: string; serial: number | null }): string[] {
    return this.#readers.codes.liveHandles(of);
  }

  liveOnlineCodes(of: PassOf): string[] {
    return this.#readers.codes.liveOnlineCodes(of);
  }

  block(merchant: string): BlockFacts {
    return this.#readers.merchants.block(merchant);
  }

  denial(id: Uint8Array): DenialFacts {
    return this.#readers.denials.denial(id);
  }
}
