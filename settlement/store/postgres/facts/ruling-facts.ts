/** What the records of a part speak of: limits, passes, denials, earlier taps of the same codes, fares. */

import { denyIdHex } from '@stile/protocol/deny-list.ts';
import type { LogRecord } from '@stile/protocol/gate-log.ts';
import { issuerKeyName } from '../../../core/lists/list-rules.ts';
import { useKey, useKeyOfCounter } from '../../../core/logs/code-use.ts';
import type { BranchBase, RulingQuery, RulingsOf } from '../../../core/logs/ruling-query.ts';
import type { EarlierClaim, KnownPass, RulingFacts } from '../../../core/logs/rulings.ts';
import { LOGS_THAT_NAME, logsBefore } from '../../named-record.ts';
import type { KnownRules, PublishedRules } from '../known-rules.ts';
import { lock } from '../locks.ts';
import type { Session } from '../session.ts';
import type { FareReader } from './fares.ts';

const PASSES = `SELECT seq, public_key AS "deviceKey", EXISTS (
      SELECT 1 FROM pass_issue AS issue
      WHERE issue.account = pass.account AND issue.serial = pass.serial
        AND issue.issuer = wanted.issuer AND issue.key_id = wanted.key_id
        AND issue.issued_at_s = wanted.issued_at_s AND issue.expires_at_s = wanted.expires_at_s)
    AS "isIssued"
  FROM unnest($1::int8[], $2::text[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::int8[])
    AS wanted (seq, account, serial, issuer, key_id, issued_at_s, expires_at_s)
  JOIN pass ON pass.account = wanted.account AND pass.serial = wanted.serial`;
const CLAIMS = `SELECT use, gate, epoch, seq, coalesce(ride_ms, at_ms) AS "atMs",
    clock IS DISTINCT FROM 'UNKNOWN' AS "isClockKnown", stale = 1 OR EXISTS (
      SELECT 1 FROM record AS taken WHERE taken.use = record.use AND taken.kind = 'void'
        AND taken.of_seq = record.seq AND +taken.epoch_id IN ${LOGS_THAT_NAME}) AS voided
  FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id
  WHERE use = ANY($1::text[]) AND kind = 'tap' ORDER BY received_at_ms, record.id`;
const DENIED = `SELECT DISTINCT seq FROM
    unnest($1::int8[], $2::int8[], $3::text[], $4::text[]) AS wanted (seq, version, account, pass)
  JOIN deny_entry ON deny_entry.id IN (decode(wanted.account, 'hex'), decode(wanted.pass, 'hex'))
  WHERE added_in <= version AND (removed_in IS NULL OR removed_in > version)`;
const OLD_USES = `SELECT use, seq, line AS bytes, hash FROM record
  WHERE use = ANY($1::text[]) AND kind = 'tap' ORDER BY id`;
const USES_OF = `SELECT seq, use FROM record WHERE epoch_id = $1 AND seq = ANY($2::int8[])
  AND kind IN ('tap', 'ask', 'answer') AND use IS NOT NULL`;
const BASE = `SELECT base_seq AS seq, base_hash AS hash FROM gate_epoch
  WHERE id = $1 AND base_seq IS NOT NULL`;
/** Of records that lie before a branch. */
const USES_BEFORE = `${logsBefore({ gate: '$1', seq: '$2', hash: '$3' })}
  SELECT DISTINCT ON (record.seq) record.seq, record.use FROM before
  JOIN record ON record.epoch_id = before.id AND record.seq <= upto
  WHERE record.seq = ANY($4::int8[])
    AND record.kind IN ('tap', 'ask', 'answer') AND record.use IS NOT NULL
  ORDER BY record.seq, before.id`;

type Taps = RulingQuery['taps'];
type ClaimRow = EarlierClaim & { use: string };
type UseRow = { seq: number; use: string };
type OldUseRow = LogRecord & { use: string };
type PassRow = KnownPass & { seq: number };

export class RulingFactReader {
  readonly #session: Session;
  readonly #fares: FareReader;
  readonly #rules: KnownRules;

  constructor(session: Session, { fares, rules }: { fares: FareReader; rules: KnownRules }) {
    this.#session = session;
    this.#fares = fares;
    this.#rules = rules;
  }

  /** The gate is locked by whoever asks. */
  async rulingFacts(of: RulingsOf, { taps, earlierSeqs }: RulingQuery): Promise<RulingFacts> {
    const lines = new Set(taps.map(({ tap }) => tap.line));
    const versions = new Set(taps.map(({ tap }) => tap.trust));
    const [usesBySeq, oldUses, rules, lineFares, gateLines, passes, deniedAtGate] =
      await Promise.all([
        this.#usesBySeq(of, earlierSeqs),
        this.#oldUsesOf(taps),
        this.#rules.ofVersions(this.#session, versions),
        this.#fares.lineFaresOf(lines),
        this.#fares.gateLines(of.gate),
        this.#passesOf(taps),
        this.#deniedAmong(taps),
      ]);
    const codes = taps.map(({ tap }) => useKey(tap.code));
    const uses = new Set([...usesBySeq.values(), ...codes, ...oldUses.keys()]);
    return {
      limits: new Map([...rules].map(([version, { limits }]) => [version, limits])),
      listTimesS: new Map([...rules].map(([version, { issuedAtS }]) => [version, issuedAtS])),
      passes,
      deniedAtGate,
      revokedAtGate: revokedAmong(taps, rules),
      claims: await this.#claimsOf([...uses]),
      oldUses,
      usesBySeq,
      gateLines,
      lineFares: [...lineFares.values()].flat(),
    };
  }

  /** None in books that were begun by a version that names uses as this one does. */
  async #oldUsesOf(taps: Taps): Promise<Map<string, LogRecord[]>> {
    const found = new Map<string, LogRecord[]>();
    if (taps.length === 0 || !(await this.#rules.hasOldUses(this.#session))) return found;
    const names = [...new Set(taps.map(({ tap }) => useKeyOfCounter(tap.code)))];
    for (const { use, ...record } of await this.#session.all<OldUseRow>(OLD_USES, [names])) {
      found.set(use, [...(found.get(use) ?? []), record]);
    }
    return found;
  }

  async #usesBySeq(of: RulingsOf, seqs: readonly number[]): Promise<Map<number, string>> {
    if (seqs.length === 0) return new Map();
    const rows = await this.#session.all<UseRow>(USES_OF, [of.epochId, seqs]);
    const uses = new Map(rows.map(({ seq, use }) => [seq, use]));
    const missing = seqs.filter((seq) => !uses.has(seq));
    for (const { seq, use } of await this.#usesBefore(of, missing)) uses.set(seq, use);
    return uses;
  }

  /** Of records that lie before the branch that this log is, if it is one. */
  async #usesBefore(
    { epochId, gate, base }: RulingsOf,
    seqs: readonly number[],
  ): Promise<readonly UseRow[]> {
    if (seqs.length === 0) return [];
    const from = base ?? (await this.#session.first<BranchBase>(BASE, [epochId]));
    const before = seqs.filter((seq) => from !== undefined && seq <= from.seq);
    if (from === undefined || before.length === 0) return [];
    return await this.#session.all<UseRow>(USES_BEFORE, [gate, from.seq, from.hash, before]);
  }

  /**
   * A tap of a pass that is not known waits for it: whoever gives one out to its account meanwhile comes before, and
   * is read, or behind, and finds what waits.
   */
  async #passesOf(taps: Taps): Promise<Map<number, KnownPass>> {
    if (taps.length === 0) return new Map();
    const known = await this.#readPasses(taps);
    const waiting = taps.filter(({ seq }) => known.get(seq)?.isIssued !== true);
    if (waiting.length === 0) return known;
    const names = new Set(waiting.map(({ tap }) => passesOf(tap.code.account)));
    await lock(this.#session, { shares: [...names] });
    return new Map([...known, ...(await this.#readPasses(waiting))]);
  }

  async #readPasses(taps: Taps): Promise<Map<number, KnownPass>> {
    const codes = taps.map(({ tap }) => tap.code);
    const rows = await this.#session.all<PassRow>(PASSES, [
      taps.map(({ seq }) => seq),
      codes.map(({ account }) => account),
      codes.map(({ serial }) => serial),
      codes.map(({ issuer }) => issuer),
      codes.map(({ keyId }) => keyId),
      codes.map(({ issuedAtS }) => issuedAtS),
      codes.map(({ issuedAtS, lifetimeMin }) => issuedAtS + lifetimeMin * 60),
    ]);
    return new Map(rows.map(({ seq, ...pass }) => [seq, pass]));
  }

  async #deniedAmong(taps: Taps): Promise<Set<number>> {
    const wanted = taps.filter(({ tap }) => tap.deny > 0);
    if (wanted.length === 0) return new Set();
    const rows = await this.#session.all<{ seq: number }>(DENIED, [
      wanted.map(({ seq }) => seq),
      wanted.map(({ tap }) => tap.deny),
      wanted.map(({ tap }) => denyIdHex({ ...tap.code, serial: 0 })),
      wanted.map(({ tap }) => denyIdHex(tap.code)),
    ]);
    return new Set(rows.map(({ seq }) => seq));
  }

  async #claimsOf(uses: readonly string[]): Promise<Map<string, EarlierClaim[]>> {
    const claims = new Map<string, EarlierClaim[]>();
    if (uses.length === 0) return claims;
    for (const { use, ...claim } of await this.#session.all<ClaimRow>(CLAIMS, [uses])) {
      claims.set(use, [...(claims.get(use) ?? []), claim]);
    }
    return claims;
  }
}

/** What transactions hold that add to an account's passes, or let a tap wait for one. */
export function passesOf(account: string): string {
  return `passes:${account}`;
}

function revokedAmong(taps: Taps, rules: ReadonlyMap<number, PublishedRules>): Set<number> {
  const revoked = taps.filter(({ tap }) =>
    rules.get(tap.trust)?.revokedKeys.has(issuerKeyName(tap.code)),
  );
  return new Set(revoked.map(({ seq }) => seq));
}
