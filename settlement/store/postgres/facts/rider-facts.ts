/** The facts of riders' and gates' enrolment, top-ups and codes, put together from their readers. */
import { toHex } from '@stile/protocol/bytes.ts';
import { denyId, denyIdHex } from '@stile/protocol/deny-list.ts';
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
import { lock } from '../locks.ts';
import type { Session } from '../session.ts';
import type { CodeReader } from './code-facts.ts';
import type { DenialReader } from './denials.ts';
import { InviteReader, PassReader } from './invites.ts';
import type { MerchantReader } from './merchant-facts.ts';
import type { RiderMoneyReader } from './rider-money.ts';
import { passesOf } from './ruling-facts.ts';

const TOP_UP = 'SELECT amount_cents AS cents FROM top_up WHERE account = $1 AND key = $2';
const TOP_UP_INTENT = `SELECT amount_cents AS "amountCents", state, attempts FROM top_up_intent
  WHERE account = $1 AND key = $2`;
const FROM_ADDRESS = `SELECT count(*) AS count, min(at_ms) AS "firstAtMs" FROM enrolment
  WHERE address = $1 AND at_ms > $2`;
const GATE_TOKEN = `SELECT gate, line, scope, expires_at_ms AS "expiresAtMs", used_at_ms AS "usedAtMs"
  FROM gate_token WHERE token_hash = $1`;
const GATE_OF_KEY = 'SELECT 1 FROM gate_key WHERE public_key = $1';
const GATE_KEYS = 'SELECT id FROM gate_key WHERE gate = $1 AND until_ms IS NULL ORDER BY id';
const GATE = 'SELECT 1 FROM gate WHERE gate = $1';
const EVERY_KEY = `SELECT id, until_ms AS "untilMs", revoked_at_ms AS "revokedAtMs" FROM gate_key
  WHERE gate = $1 ORDER BY id`;
const GATE_LINE = 'SELECT line FROM gate_line WHERE gate = $1 ORDER BY number DESC LIMIT 1';

export type RiderReaders = {
  codes: CodeReader;
  money: RiderMoneyReader;
  denials: DenialReader;
  merchants: MerchantReader;
};

type RiderToEnrol = Parameters<RiderFacts['riderEnrolment']>[0];
type FromAddress = RiderEnrolmentFacts['fromAddress'];
type GateToken = NonNullable<GateEnrolmentFacts['token']>;

const NOBODY: FromAddress = { count: 0, firstAtMs: null };

export class RiderFactReader implements RiderFacts, MerchantFacts {
  readonly #session: Session;
  readonly #readers: RiderReaders;
  readonly #invites: InviteReader;
  readonly #passes: PassReader;

  constructor(session: Session, readers: RiderReaders) {
    this.#session = session;
    this.#invites = new InviteReader(session);
    this.#passes = new PassReader(session);
    this.#readers = readers;
  }

  async topUp({ account, key }: { account: string; key: string }): Promise<TopUpFacts> {
    const [, earlierCents, money] = await Promise.all([
      lock(this.#session, { accounts: [account] }),
      this.#toppedUpCents(account, key),
      this.#readers.money.read(account),
    ]);
    return { earlierCents, money };
  }

  async #toppedUpCents(account: string, key: string): Promise<number | null> {
    const row = await this.#session.first<{ cents: number }>(TOP_UP, [account, key]);
    return row?.cents ?? null;
  }

  async riderEnrolment(rider: RiderToEnrol): Promise<RiderEnrolmentFacts> {
    const { account, publicKey, issuer, inviteHash, personHash, from, nowMs } = rider;
    // A key is there once: who comes second with it is run again.
    const invite = inviteHash === null ? undefined : await this.#invites.lock(inviteHash);
    const address = from === undefined ? [] : [`enrolments:${from.address}`];
    await lock(this.#session, { owns: [passesOf(account), ...address] });
    const since = [from?.address ?? '', nowMs - ENROLMENT_WINDOW_MS];
    return {
      isKeyTaken: await this.#passes.isKeyTaken(publicKey),
      invite: invite ?? null,
      fromAddress: (await this.#session.first<FromAddress>(FROM_ADDRESS, since)) ?? NOBODY,
      denialsOfPerson: personHash === null ? [] : await this.#denialsOfPerson(issuer, personHash),
    };
  }

  async #denialsOfPerson(issuer: number, personHash: string): Promise<PersonDenial[]> {
    const passes = await this.#passes.passesOfPerson(personHash);
    const isEnded = new Map<string, boolean>();
    for (const { account, serial, isEnded: isOfEnded } of passes) {
      isEnded.set(denyIdHex({ issuer, account, serial: 0 }), false);
      isEnded.set(denyIdHex({ issuer, account, serial }), isOfEnded);
    }
    const ids = [...isEnded.keys()].map((idHex) => Buffer.from(idHex, 'hex'));
    const causes = await this.#readers.denials.causesOf(ids);
    return causes.map(({ idHex, cause }) => {
      return { cause, isOfEndedPass: isEnded.get(idHex) ?? false };
    });
  }

  async passIssue({ nowS, ...pass }: PassOf & { nowS: number }): Promise<PassIssueFacts> {
    const { account } = pass;
    await lock(this.#session, { accounts: [account], owns: [passesOf(account)] });
    return {
      openIssues: await this.#passes.openIssues(pass, nowS),
      isEnded: await this.#passes.isEnded(pass),
    };
  }

  async session({ issuer, account, serial }: PassOf & { issuer: number }): Promise<SessionFacts> {
    await lock(this.#session, { accounts: [account] });
    const id = denyId({ issuer, account, serial });
    return {
      isEnded: await this.#passes.isEnded({ account, serial }),
      isDenied: await this.#readers.denials.isDeniedByOperator(id),
    };
  }

  async topUpIntent({ account, key }: { account: string; key: string }): Promise<TopUpIntentFacts> {
    await lock(this.#session, { accounts: [account] });
    type Row = NonNullable<TopUpIntentFacts['earlier']>;
    const row = await this.#session.first<Row>(TOP_UP_INTENT, [account, key]);
    const paidCents = await this.#toppedUpCents(account, key);
    // Of a database that is older than intents: what is in was paid.
    const paid =
      paidCents === null ? null : { amountCents: paidCents, state: 'PAID' as const, attempts: 0 };
    return { earlier: row ?? paid, walletCents: await this.#readers.money.walletCents(account) };
  }

  async gateEnrolment(request: GateEnrolmentRequest): Promise<GateEnrolmentFacts> {
    const { tokenHash, publicKey } = request;
    // Which gate a token is for never changes.
    const gate = (await this.#gateToken(tokenHash))?.gate ?? '';
    await lock(this.#session, { gates: [gate], owns: [`gateKey:${toHex(publicKey)}`] });
    const line = await this.#session.first<{ line: string }>(GATE_LINE, [gate]);
    const keys = await this.#session.all<{ id: number }>(GATE_KEYS, [gate]);
    return {
      token: await this.#gateToken(tokenHash),
      isKeyTaken: (await this.#session.first(GATE_OF_KEY, [publicKey])) !== undefined,
      currentKeys: keys.map(({ id }) => id),
      line: line?.line ?? null,
    };
  }

  async #gateToken(tokenHash: string): Promise<GateToken | null> {
    return (await this.#session.first<GateToken>(GATE_TOKEN, [tokenHash])) ?? null;
  }

  async gateRevocation(gate: string): Promise<RevocationFacts> {
    await lock(this.#session, { gates: [gate] });
    return {
      isKnown: (await this.#session.first(GATE, [gate])) !== undefined,
      keys: await this.#session.all<RevocationFacts['keys'][number]>(EVERY_KEY, [gate]),
    };
  }

  newSeed(of: { handle: string } & PassOf): Promise<NewSeedFacts> {
    return this.#readers.codes.newSeed(of);
  }

  seedConfirmation(of: { handle: string } & PassOf): Promise<SeedConfirmationFacts> {
    return this.#readers.codes.seedConfirmation(of);
  }

  liveHandles(of: { account: string; serial: number | null }): Promise<string[]> {
    return this.#readers.codes.liveHandles(of);
  }

  liveOnlineCodes(of: PassOf): Promise<string[]> {
    return this.#readers.codes.liveOnlineCodes(of);
  }

  block(merchant: string): Promise<BlockFacts> {
    return this.#readers.merchants.block(merchant);
  }

  denial(id: Uint8Array): Promise<DenialFacts> {
    return this.#readers.denials.denial(id);
  }
}
