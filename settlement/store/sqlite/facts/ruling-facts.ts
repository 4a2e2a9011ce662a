/** What the records of a part speak of: limits, passes, denials, earlier taps of the same codes, fares. */

import { denyIdHex } from '@stile/protocol/deny-list.ts';
import type { LogRecord } from '@stile/protocol/gate-log.ts';
import { issuerKeyName } from '../../../core/lists/list-rules.ts';
import { useKey, useKeyOfCounter } from '../../../core/logs/code-use.ts';
import type { BranchBase, RulingQuery, RulingsOf } from '../../../core/logs/ruling-query.ts';
import type { EarlierClaim, KnownPass, Limits, RulingFacts } from '../../../core/logs/rulings.ts';
import { LOGS_THAT_NAME, logsBefore } from '../../named-record.ts';
import type { Connection } from '../connection.ts';
import type { FareReader } from './fares.ts';

type ClaimRow = Omit<EarlierClaim, 'voided' | 'isClockKnown'> & {
  use: string;
  voided: number;
  isClockKnown: number;
};

type RulesRow = { issuedAtS: number; codeLifetimeSMax: number; skewS: number; revoked: string };

type OldUseRow = LogRecord & { use: string };

type PassRow = { seq: number; deviceKey: string; isIssued: number };

/** What a gate had to go by under one version of the trust list. */
type PublishedRules = { limits: Limits; issuedAtS: number; revokedKeys: ReadonlySet<string> };

/** Rules of a published version never change, so they stay here; this many versions of them. */
const CACHED_RULES_MAX = 1_000;

function prepare(db: Connection['db']) {
  return {
    passes: db.prepare(
      `SELECT value ->> 0 AS seq, public_key AS deviceKey, EXISTS (
         SELECT 1 FROM pass_issue AS issue
         WHERE issue.account = pass.account AND issue.serial = pass.serial
           AND issuer = value ->> 3 AND key_id = value ->> 4
           AND issued_at_s = value ->> 5 AND expires_at_s = value ->> 6) AS isIssued
       FROM json_each(?) AS wanted JOIN pass ON account = value ->> 1 AND serial = value ->> 2`,
    ),
    claims: db.prepare(
      `SELECT use, gate, epoch, seq, coalesce(ride_ms, at_ms) AS atMs,
         clock IS NOT 'UNKNOWN' AS isClockKnown, stale OR EXISTS (
         SELECT 1 FROM record AS taken WHERE taken.use = record.use AND taken.kind = 'void'
           AND taken.of_seq = record.seq AND +taken.epoch_id IN ${LOGS_THAT_NAME}) AS voided
       FROM json_each(?) AS wanted JOIN record ON use = wanted.value
       JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE kind = 'tap'`,
    ),
    denied: db
      .prepare(
        `SELECT value ->> 0 FROM json_each(?) AS wanted
         JOIN deny_entry ON deny_entry.id IN (unhex(value ->> 2), unhex(value ->> 3))
         WHERE added_in <= value ->> 1 AND (removed_in IS NULL OR removed_in > value ->> 1)`,
      )
      .pluck(),
    oldUsesUntil: db.prepare(`SELECT value FROM meta WHERE key = 'oldUsesUntil'`).pluck(),
    oldUses: db.prepare(
      `SELECT use, seq, line AS bytes, hash FROM json_each(?) AS wanted
       JOIN record ON use = wanted.value WHERE kind = 'tap'`,
    ),
    useOf: db
      .prepare(
        `SELECT use FROM record WHERE epoch_id = ? AND seq = ? AND kind IN ('tap', 'ask', 'answer')`,
      )
      .pluck(),
    base: db.prepare(
      `SELECT base_seq AS seq, base_hash AS hash FROM gate_epoch
       WHERE id = ? AND base_seq IS NOT NULL`,
    ),
    useBefore: db
      .prepare(
        `${logsBefore({ gate: '@gate', seq: '@baseSeq', hash: '@baseHash' })}
         SELECT record.use FROM before JOIN record ON record.epoch_id = before.id
         WHERE record.seq = @seq AND record.seq <= upto AND record.kind IN ('tap', 'ask', 'answer')
         ORDER BY before.id`,
      )
      .pluck(),
    listRules: db.prepare(
      `SELECT issued_at_s AS issuedAtS, code_lifetime_s_max AS codeLifetimeSMax, skew_s AS skewS, revoked
       FROM list_rules WHERE version = ?`,
    ),
  };
}

export class RulingFactReader {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #fares: FareReader;
  readonly #rules = new Map<number, PublishedRules>();
  readonly #oldUsesUntil: number;

  constructor({ db }: Connection, fares: FareReader) {
    this.#sql = prepare(db);
    this.#fares = fares;
    this.#oldUsesUntil = Number(this.#sql.oldUsesUntil.get() ?? 0);
  }

  rulingFacts(of: RulingsOf, { taps, earlierSeqs }: RulingQuery): RulingFacts {
    const usesBySeq = this.#usesBySeq(of, earlierSeqs);
    const oldUses = this.#oldUsesOf(taps);
    const codes = taps.map(({ tap }) => useKey(tap.code));
    const uses = new Set([...usesBySeq.values(), ...codes, ...oldUses.keys()]);
    const lines = new Set(taps.map(({ tap }) => tap.line));
    const rules = this.#rulesOf(new Set(taps.map(({ tap }) => tap.trust)));
    return {
      limits: new Map([...rules].map(([version, { limits }]) => [version, limits])),
      listTimesS: new Map([...rules].map(([version, { issuedAtS }]) => [version, issuedAtS])),
      passes: this.#passesOf(taps),
      deniedAtGate: this.#deniedAmong(taps),
      revokedAtGate: revokedAmong(taps, rules),
      claims: this.#claimsOf([...uses]),
      oldUses,
      usesBySeq,
      gateLines: this.#fares.gateLines(of.gate),
      lineFares: [...lines].flatMap((line) => this.#fares.lineFares(line)),
    };
  }

  /** None in books that were begun by a version that names uses as this one does. */
  #oldUsesOf(taps: RulingQuery['taps']): Map<string, LogRecord[]> {
    const found = new Map<string, LogRecord[]>();
    if (this.#oldUsesUntil === 0) return found;
    const names = [...new Set(taps.map(({ tap }) => useKeyOfCounter(tap.code)))];
    for (const row of this.#sql.oldUses.all(JSON.stringify(names)) as OldUseRow[]) {
      const { use, ...record } = row;
      found.set(use, [...(found.get(use) ?? []), record]);
    }
    return found;
  }

  #usesBySeq(of: RulingsOf, seqs: readonly number[]): Map<number, string> {
    const uses = new Map<number, string>();
    for (const seq of seqs) {
      const own = this.#sql.useOf.get(of.epochId, seq) as string | null | undefined;
      const use = own === undefined ? this.#useBefore(of, seq) : own;
      if (use) uses.set(seq, use);
    }
    return uses;
  }

  /** Of a record that lies before the branch that this log is, if it is one. */
  #useBefore({ epochId, gate, base }: RulingsOf, seq: number): string | null | undefined {
    const from = base ?? (this.#sql.base.get(epochId) as BranchBase | undefined);
    if (from === undefined || seq > from.seq) return undefined;
    const of = { gate, baseSeq: from.seq, baseHash: from.hash, seq };
    return this.#sql.useBefore.get(of) as string | null | undefined;
  }

  #rulesOf(versions: ReadonlySet<number>): Map<number, PublishedRules> {
    const rules = new Map<number, PublishedRules>();
    for (const version of versions) {
      const known = this.#rules.get(version) ?? this.#readRules(version);
      if (known !== undefined) rules.set(version, known);
    }
    return rules;
  }

  /** Undefined if that version was never published here. */
  #readRules(version: number): PublishedRules | undefined {
    const row = this.#sql.listRules.get(version) as RulesRow | undefined;
    if (row === undefined) return undefined;
    if (this.#rules.size >= CACHED_RULES_MAX) this.#rules.clear();
    const { issuedAtS, revoked, ...limits } = row;
    const rules = { limits, issuedAtS, revokedKeys: new Set(JSON.parse(revoked) as string[]) };
    this.#rules.set(version, rules);
    return rules;
  }

  #passesOf(taps: RulingQuery['taps']): Map<number, KnownPass> {
    const wanted = taps.map(({ seq, tap: { code } }) => {
      const { account, serial, issuer, keyId, issuedAtS, lifetimeMin } = code;
      return [seq, account, serial, issuer, keyId, issuedAtS, issuedAtS + lifetimeMin * 60];
    });
    const rows = this.#sql.passes.all(JSON.stringify(wanted)) as PassRow[];
    return new Map(
      rows.map(({ seq, deviceKey, isIssued }) => [seq, { deviceKey, isIssued: isIssued === 1 }]),
    );
  }

  #deniedAmong(taps: RulingQuery['taps']): Set<number> {
    const wanted = taps
      .filter(({ tap }) => tap.deny > 0)
      .map(({ seq, tap: { deny, code } }) => {
        const { issuer, account, serial } = code;
        return [
          seq,
          deny,
          denyIdHex({ issuer, account, serial: 0 }),
          denyIdHex({ issuer, account, serial }),
        ];
      });
    if (wanted.length === 0) return new Set();
    return new Set(this.#sql.denied.all(JSON.stringify(wanted)) as number[]);
  }

  #claimsOf(uses: readonly string[]): Map<string, EarlierClaim[]> {
    const claims = new Map<string, EarlierClaim[]>();
    for (const row of this.#sql.claims.all(JSON.stringify(uses)) as ClaimRow[]) {
      const { use, voided, isClockKnown, ...claim } = row;
      const ofUse = claims.get(use) ?? [];
      ofUse.push({ ...claim, voided: voided === 1, isClockKnown: isClockKnown === 1 });
      claims.set(use, ofUse);
    }
    return claims;
  }
}

function revokedAmong(
  taps: RulingQuery['taps'],
  rules: ReadonlyMap<number, PublishedRules>,
): Set<number> {
  const revoked = taps.filter(({ tap }) =>
    rules.get(tap.trust)?.revokedKeys.has(issuerKeyName(tap.code)),
  );
  return new Set(revoked.map(({ seq }) => seq));
}
