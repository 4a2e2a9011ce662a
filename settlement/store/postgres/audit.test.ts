/** The audit of books in a PostgreSQL database. */

import { describe } from 'vitest';
import { describeAudit } from '../../audit/audit.contract.ts';
import { describeBranchAudit } from '../../audit/branches.contract.ts';
import { describeCutCodes } from '../../audit/cut-codes.contract.ts';
import { describeResolutionAudit } from '../../audit/resolutions.contract.ts';
import { describeRideTimeAudit } from '../../audit/ride-times.contract.ts';
import { usePostgresBooks } from '../../testing/postgres-books.ts';
import { VOIDS_BEHIND_FORKS } from './migrations/0012-voids-behind-forks.ts';

const books = usePostgresBooks();

describeAudit('books on PostgreSQL', books);
describeResolutionAudit('decisions on PostgreSQL', books);
describeBranchAudit('branches on PostgreSQL', { kind: books, upgrade: VOIDS_BEHIND_FORKS });
describe('cut codes on PostgreSQL', () => describeCutCodes(books));
describeRideTimeAudit('times of rides on PostgreSQL', books);
