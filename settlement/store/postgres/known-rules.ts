/** What never changes and rulings ask for each time: rules of published trust lists, whether uses have old names. */
import type { Limits } from '../../core/logs/rulings.ts';
import type { Session } from './session.ts';

/** What a gate had to go by under one version of the trust list. */
export type PublishedRules = {
  limits: Limits;
  issuedAtS: number;
  revokedKeys: ReadonlySet<string>;
};

/** This many versions are remembered. */
const VERSIONS_MAX = 1_000;

const RULES = `SELECT version, issued_at_s AS "issuedAtS", code_lifetime_s_max AS "codeLifetimeSMax",
    skew_s AS "skewS", revoked
  FROM list_rules WHERE version = ANY($1::int8[])`;
const OLD_USES_UNTIL = `SELECT value FROM meta WHERE key = 'oldUsesUntil'`;

type RulesRow = Limits & { version: number; issuedAtS: number; revoked: string };

/** One for a database; each transaction reads what is not known yet. */
export class KnownRules {
  readonly #known = new Map<number, PublishedRules>();
  #oldUsesUntil: number | undefined;

  /** Without those that were never published here. */
  async ofVersions(
    session: Session,
    versions: ReadonlySet<number>,
  ): Promise<Map<number, PublishedRules>> {
    const found = new Map<number, PublishedRules>();
    const missing: number[] = [];
    for (const version of versions) {
      const rules = this.#known.get(version);
      if (rules === undefined) missing.push(version);
      else found.set(version, rules);
    }
    if (missing.length === 0) return found;
    for (const row of await session.all<RulesRow>(RULES, [missing])) {
      const { version, issuedAtS, revoked, ...limits } = row;
      const revokedKeys = new Set(JSON.parse(revoked) as string[]);
      found.set(version, { limits, issuedAtS, revokedKeys });
    }
    this.#remember(found);
    return found;
  }

  #remember(found: ReadonlyMap<number, PublishedRules>): void {
    if (this.#known.size >= VERSIONS_MAX) this.#known.clear();
    for (const [version, rules] of found) this.#known.set(version, rules);
  }

  /** Of books that an earlier version of settlement has kept. */
  async hasOldUses(session: Session): Promise<boolean> {
    if (this.#oldUsesUntil === undefined) {
      const row = await session.first<{ value: string }>(OLD_USES_UNTIL);
      this.#oldUsesUntil = Number(row?.value ?? 0);
    }
    return this.#oldUsesUntil > 0;
  }
}
