/** The facts of settling, of each use once more, read as settling itself reads them. It only reads. */
import type { AuditReader } from '../../../audit/port.ts';
import type { SettleFacts } from '../../../core/rides/settle.ts';
import type { Session } from '../session.ts';
import { mappedRowsOf } from './pages.ts';

/** A record that carries its use alone would be read again with each of its others: the first one stands for all. */
const USES = `SELECT min(id) AS id, use FROM record WHERE use IS NOT NULL GROUP BY use`;
/** Uses whose facts are read in one go. */
const PAGE_USES = 100;

type Stored = { id: number; use: string };
/** Of many uses at a time; it locks nothing. */
export type ReadSettleFacts = (records: readonly Stored[]) => Promise<SettleFacts>;

export function readSettleFacts(
  session: Session,
  read: ReadSettleFacts,
): Pick<AuditReader, 'settleFacts'> {
  return {
    settleFacts: () =>
      mappedRowsOf<Stored, SettleFacts>(session, {
        sql: USES,
        pageRows: PAGE_USES,
        toRows: async (page) => onePerUse(await read(page)),
      }),
  };
}

/** What is read of several uses at once, shown use by use, so that a wrong one can be named. */
function onePerUse(facts: SettleFacts): SettleFacts[] {
  return [
    ...facts.uses.map((use) => ({ ...facts, uses: [use], authorisations: [] })),
    ...facts.authorisations.map((one) => ({ ...facts, uses: [], authorisations: [one] })),
  ];
}
