/** The audit of books in a SQLite file. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { VOIDS_BEHIND_FORKS } from '../store/sqlite/migrations/0028-voids-behind-forks.ts';
import { SQLITE_BOOKS } from '../testing/tampering.ts';
import { describeAudit } from './audit.contract.ts';
import { auditSettlement, isSettlementDir } from './audit.ts';
import { describeBranchAudit } from './branches.contract.ts';
import { describeCutCodes } from './cut-codes.contract.ts';
import { describeResolutionAudit } from './resolutions.contract.ts';
import { describeRideTimeAudit } from './ride-times.contract.ts';

describeAudit('books on SQLite', SQLITE_BOOKS);
describeResolutionAudit('decisions on SQLite', SQLITE_BOOKS);
describe('cut codes on SQLite', () => describeCutCodes(SQLITE_BOOKS));
describeRideTimeAudit('times of rides on SQLite', SQLITE_BOOKS);
describeBranchAudit('branches on SQLite', { kind: SQLITE_BOOKS, upgrade: VOIDS_BEHIND_FORKS });

test('a directory is a settlement by its database', async () => {
  const town = await SQLITE_BOOKS.openTown();
  expect(isSettlementDir(town.dataDir)).toBe(true);
  expect(isSettlementDir(join(town.dataDir, 'keys'))).toBe(false);
  await town.close();
});

test('there is nothing to audit where there is no settlement', async () => {
  await expect(auditSettlement('/nowhere')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});
