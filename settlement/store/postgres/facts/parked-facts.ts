/** Parked records, what was decided about them before, and what deciding anew has to know. */

import { assert } from '@stile/protocol/fault.ts';
import { completeContent, type RecordContent } from '../../../core/logs/check-record.ts';
import { accountOfUse } from '../../../core/logs/code-use.ts';
import type { EpochRow } from '../../../core/logs/placement.ts';
import type { ClockAnchor } from '../../../core/logs/ride-time.ts';
import type { AdoptFacts } from '../../../core/parked/adopt.ts';
import { PARKED_WHYS, type StoredParked } from '../../../core/parked/parked-record.ts';
import type { Subject } from '../../../core/parked/resolution-changes.ts';
import type { WriteOffFacts } from '../../../core/parked/write-off.ts';
import { LOGS_THAT_NAME } from '../../named-record.ts';
import type { EarlierWord, EpochQuery, ParkedQuery } from '../../views.ts';
import { recordId } from '../ids.ts';
import { FARES, lock } from '../locks.ts';
import { NextIds } from '../next-ids.ts';
import type { Session } from '../session.ts';
import type { FareReader } from './fares.ts';
import { passesOf } from './ruling-facts.ts';

/** The records that have not ended well are in a partial index, whose condition this repeats. */
const RECORD_PARKED = `outcome IS NOT NULL AND outcome NOT IN ('CHARGED', 'PENDING', 'PAID')
  AND outcome = ANY($3::text[])`;
const OF_EPOCH = '(SELECT id FROM gate_epoch WHERE gate = $1 AND epoch = $2)';
const FROM = `SELECT 'odd' AS kind, id, seq FROM odd_line
    WHERE epoch_id = ${OF_EPOCH} AND seq >= $4 AND why = ANY($3::text[])
  UNION ALL SELECT 'record', id, seq FROM record
    WHERE epoch_id = ${OF_EPOCH} AND seq >= $4 AND ${RECORD_PARKED}
  ORDER BY seq, kind, id LIMIT $5`;
/** Also what was resolved: the same once more is nothing new, and another way is refused by name. */
const AT = `SELECT 'odd' AS kind, id, seq FROM odd_line
    WHERE epoch_id = ${OF_EPOCH} AND seq = $4 AND why <> 'JOINED'
      AND hash = coalesce($6::bytea, hash)
  UNION ALL SELECT 'record', id, seq FROM record
    WHERE epoch_id = ${OF_EPOCH} AND seq = $4 AND hash = coalesce($6::bytea, hash)
      AND (outcome = ANY($3::text[])
        OR EXISTS (SELECT 1 FROM resolution WHERE resolution.record = record.id))
  ORDER BY kind, id LIMIT $5`;
const EARLIER_WORDS = `SELECT how, count(*) AS records FROM (
    SELECT how FROM odd_line JOIN resolution ON resolution.odd_line = odd_line.id
      WHERE epoch_id = ${OF_EPOCH} AND seq = coalesce($3::int8, seq) AND hash = coalesce($4::bytea, hash)
    UNION ALL SELECT how FROM record JOIN resolution ON resolution.record = record.id
      WHERE epoch_id = ${OF_EPOCH} AND seq = coalesce($3::int8, seq) AND hash = coalesce($4::bytea, hash)) AS words
  GROUP BY how ORDER BY how`;
const GATE_OF_ODD = `SELECT gate FROM odd_line JOIN gate_epoch ON gate_epoch.id = epoch_id
  WHERE odd_line.id = $1`;
const GATE_OF_RECORD = `SELECT gate FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id
  WHERE record.id = $1`;
const ODD = `SELECT epoch_id AS "epochId", gate, epoch, seq, batch_id AS "batchId", line AS bytes,
    prev, hash, checked, received_at_ms AS "receivedAtMs", why,
    (SELECT coalesce(json_agg(how ORDER BY number), '[]') FROM resolution
     WHERE resolution.odd_line = odd_line.id) AS before
  FROM odd_line JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE odd_line.id = $1`;
/** Those that may take it back; what they say is read by whoever asks. */
const TAKEN_BACK = `SELECT checked FROM odd_line WHERE epoch_id = $1 AND seq > $2
  AND strpos(checked, '"kind":"void"') > 0 AND strpos(checked, '"of":' || $2::text) > 0`;
const RECORD = `SELECT epoch_id AS "epochId", gate, epoch, seq, batch_id AS "batchId", line AS bytes,
    NULL AS prev, hash, received_at_ms AS "receivedAtMs", coalesce(outcome, '') AS why,
    ride_ms AS "rideMs", ceiling_cents AS "ceilingCents",
    EXISTS (SELECT 1 FROM record AS taken
      WHERE taken.epoch_id IN ${LOGS_THAT_NAME} AND taken.of_seq = record.seq
        AND taken.kind = 'void') AS "isVoided",
    (SELECT coalesce(json_agg(how ORDER BY number), '[]') FROM resolution
     WHERE resolution.record = record.id) AS before
  FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE record.id = $1`;
const NEXT_NUMBER = 'SELECT coalesce(max(number), 0) + 1 AS next FROM resolution';
const WRITE_OFF = `SELECT (SELECT coalesce(max(version), 0) FROM tariff_line) AS "tariffVersion",
    EXISTS (SELECT 1 FROM record WHERE use = $1 AND kind = 'tap' AND id <> $2
        AND coalesce(outcome, '') NOT IN ('VOIDED', 'STALE_CODE'))
      OR EXISTS (SELECT 1 FROM resolution WHERE use = $1 AND fare_cents IS NOT NULL) AS "isClaimed"`;
const BRANCH = `SELECT id, epoch, last_seq AS "lastSeq", head, gate_key_id AS "gateKeyId",
    clock_anchor AS anchor
  FROM gate_epoch WHERE branch_of = $1 AND last_seq = $2::int8 - 1 AND head = $3`;
const BRANCHES = 'SELECT count(*) AS branches FROM gate_epoch WHERE branch_of = $1';
const EARLIER = `SELECT 1 FROM odd_line WHERE epoch_id = $1 AND seq = $2::int8 - 1 AND hash = $3
  AND why = ANY($4::text[])`;
const IDENTITY = `SELECT EXISTS (SELECT 1 FROM account WHERE account = $1) AS "isAccountKnown",
    EXISTS (SELECT 1 FROM pass_key WHERE public_key = $2) AS "isKeyTaken"`;

type Found = Subject & { seq: number };
type OddRow = Omit<StoredParked, 'subject' | 'content' | 'isVoided' | 'rideMs' | 'ceilingCents'> & {
  checked: string;
};
type RecordRow = Omit<StoredParked, 'subject' | 'content'>;
type BranchRow = Omit<EpochRow, 'anchor'> & { epoch: string; anchor: string | null };
type ClaimRow = Pick<WriteOffFacts, 'isClaimed' | 'tariffVersion'>;
type Identity = { isAccountKnown: boolean; isKeyTaken: boolean };

export class ParkedReader {
  readonly #session: Session;
  readonly #fares: FareReader;
  readonly #ids: NextIds;

  constructor(session: Session, fares: FareReader) {
    this.#session = session;
    this.#fares = fares;
    this.#ids = new NextIds(session);
  }

  /** In order of seq; those from one on that are parked, or all at one that are or were. */
  async find({ gate, epoch, fromSeq, seq, hash, limit }: ParkedQuery): Promise<Found[]> {
    const of = [gate, epoch, PARKED_WHYS, seq ?? fromSeq, limit];
    if (seq === null) return await this.#session.all<Found>(FROM, of);
    return await this.#session.all<Found>(AT, [...of, hash]);
  }

  /** Of all that was parked there, also what has gone into its log since. */
  async earlierWords({ gate, epoch, seq, hash }: EpochQuery): Promise<EarlierWord[]> {
    return await this.#session.all<EarlierWord>(EARLIER_WORDS, [gate, epoch, seq, hash]);
  }

  async record(subject: Subject): Promise<StoredParked> {
    const of = [subject.id];
    // Whose record it is never changes.
    const text = subject.kind === 'record' ? GATE_OF_RECORD : GATE_OF_ODD;
    const owner = await this.#session.first<{ gate: string }>(text, of);
    if (owner !== undefined) await lock(this.#session, { gates: [owner.gate] });
    if (subject.kind === 'record') {
      const row = await this.#session.first<RecordRow>(RECORD, of);
      assert(row !== undefined, 'a record that was found stays');
      return { ...row, subject, content: null };
    }
    const found = await this.#session.first<OddRow>(ODD, of);
    assert(found !== undefined, 'a line that was found stays');
    const { checked, ...row } = found;
    const content = completeContent(JSON.parse(checked) as RecordContent, row);
    const ceilingCents = 'code' in content ? (content.code.ceilingCents ?? null) : null;
    const isVoided = await this.#isTakenBack(found);
    return { ...row, isVoided, subject, content, rideMs: null, ceilingCents };
  }

  async #isTakenBack({ epochId, seq }: OddRow): Promise<boolean> {
    const rows = await this.#session.all<{ checked: string }>(TAKEN_BACK, [epochId, seq]);
    return rows.some(({ checked }) => {
      const content = JSON.parse(checked) as RecordContent;
      return content.kind === 'void' && content.of === seq;
    });
  }

  async nextNumber(): Promise<number> {
    await lock(this.#session, { turns: ['resolutions'] });
    return (await this.#session.first<{ next: number }>(NEXT_NUMBER))?.next ?? 1;
  }

  /** `record` 0: it is in no log. */
  async writeOff(of: {
    gate: string;
    line: string;
    use: string;
    record: number;
  }): Promise<WriteOffFacts> {
    const { gate, line, use, record } = of;
    // Whoever settles the use comes before or behind this, and a new fare too.
    await lock(this.#session, { accounts: [accountOfUse(use)], shares: [FARES] });
    const found = await this.#session.first<ClaimRow>(WRITE_OFF, [use, record]);
    const { isClaimed = false, tariffVersion = 0 } = found ?? {};
    return { isClaimed, tariffVersion, ...(await this.#fares.read(gate, line)) };
  }

  /** The gate is locked by whoever asks. */
  async branch(of: {
    epochId: number;
    seq: number;
    prev: Uint8Array;
  }): Promise<Omit<AdoptFacts, 'rulings' | 'limitsNow'>> {
    const { epochId, seq, prev } = of;
    const at = [epochId, seq, prev];
    const found = await this.#session.first<BranchRow>(BRANCH, at);
    const count = await this.#session.first<{ branches: number }>(BRANCHES, [epochId]);
    const earlier = await this.#session.first(EARLIER, [...at, PARKED_WHYS]);
    const epoch = found?.id ?? (await this.#ids.epochBeside(epochId));
    const anchor = found?.anchor ? (JSON.parse(found.anchor) as ClockAnchor) : null;
    return {
      branch: found === undefined ? null : { ...found, anchor },
      branches: count?.branches ?? 0,
      isEarlierParked: earlier !== undefined,
      nextIds: { epoch, record: recordId(epoch, seq) },
    };
  }

  async identity({ account, publicKey }: { account: string; publicKey: string }) {
    await lock(this.#session, { accounts: [account], owns: [passesOf(account)] });
    const found = await this.#session.first<Identity>(IDENTITY, [account, publicKey]);
    return found ?? { isAccountKnown: false, isKeyTaken: false };
  }
}
