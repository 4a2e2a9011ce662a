/**
 * Checks a settlement's data directory without changing it, also beside a running one: is the money
 * right, is every tap and payment accounted for, are the gates' logs whole. All checks see one instant.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { pinnedRoot, RootTrust } from '@stile/protocol/root-trust.ts';
import type { KeyedHash } from '../core/money/book-seal.ts';
import { findFirstRoot } from '../data-dir.ts';
import { DATABASE_FILE, findBooksId, requirePlace } from '../database-place.ts';
import { MOVE_KEY, requireMoved } from '../move/half-move.ts';
import { bookKeyFile, findBookKey, keyedHashOf } from '../store/book-key.ts';
import { readInOneInstant } from '../store/postgres/audit/reader.ts';
import { peekMeta } from '../store/postgres/peek.ts';
import { openAuditReader } from '../store/sqlite/audit/reader.ts';
import { asDamage } from '../stored-damage.ts';
import { checkAuthorisations } from './authorisations.ts';
import type { AuditCheck, Check } from './check.ts';
import { checkColumns } from './columns.ts';
import { checkCuts } from './cuts.ts';
import { checkDenyList, checkListRules, checkListSignatures, checkTrustLists } from './lists.ts';
import { checkLogs } from './logs.ts';
import { checkCauses, checkCharges, checkEvents, checkTopUps } from './money/causes.ts';
import { checkDebts, checkDenials, checkRevenue, checkStates } from './money/charges.ts';
import { checkBalances, checkBounds, checkCash, checkTotals } from './money/ledger.ts';
import { checkBookSeal, checkResolutionSeal } from './money/seals.ts';
import { checkOrders } from './orders.ts';
import { checkMerchantBalances, checkPostings, checkRefunds } from './payments.ts';
import type { AuditReader } from './port.ts';
import { checkReceipts } from './receipts.ts';
import { checkLoss, checkResolutions } from './resolutions.ts';
import { checkRideTimes } from './ride-times.ts';
import { runChecks } from './run.ts';
import { checkHandles, checkSpent } from './seeds.ts';
import { checkSettledAgain } from './settle-again.ts';
import { checkCodes, checkSeals } from './signatures.ts';
import { checkEnds, checkPairs, checkReceived } from './taps.ts';
import { checkFiles, checkGuards, checkWork } from './work.ts';

export type AuditOptions = {
  /** Also checks every seal and every charged code's signatures again. Slow. */
  signatures?: boolean;
  /** The URL of the PostgreSQL database that has the books; default: the file in the directory. */
  database?: string | undefined;
};

/** Whether this directory is a settlement's. */
export function isSettlementDir(dataDir: string): boolean {
  return existsSync(join(dataDir, DATABASE_FILE)) || findBooksId(dataDir) !== undefined;
}

/**
 * @throws Fault FILE_UNREADABLE or STORE_CORRUPT if there is no database that can be read, CONFIG_INVALID or
 * STORE_FAILED if it cannot be reached.
 */
export async function auditSettlement(
  dataDir: string,
  { signatures = false, database }: AuditOptions = {},
): Promise<readonly AuditCheck[]> {
  requirePlace(dataDir, database);
  const key = findBookKey(bookKeyFile(join(dataDir, DATABASE_FILE)));
  const keyedHash = key === undefined ? null : keyedHashOf(key);
  const runAll = async (reader: AuditReader) =>
    await runChecks(reader, [
      checkFiles(),
      checkGuards(),
      ...moneyChecks(),
      checkBookSeal(keyedHash),
      checkResolutionSeal(keyedHash),
      ...paymentChecks(),
      ...recordChecks(signatures),
      ...listChecks({ keyedHash, root: await findRoot(dataDir, reader) }),
      checkWork(),
    ]);
  if (database !== undefined) {
    requireMoved(await peekMeta(database, [MOVE_KEY]));
    return await readInOneInstant(database, runAll);
  }
  try {
    return await auditFile(join(dataDir, DATABASE_FILE), runAll);
  } catch (error) {
    throw asDamage(error, dataDir);
  }
}

async function auditFile(
  file: string,
  runAll: (reader: AuditReader) => Promise<readonly AuditCheck[]>,
): Promise<readonly AuditCheck[]> {
  const { reader, close } = openAuditReader(file);
  try {
    return await runAll(reader);
  } finally {
    close();
  }
}

function moneyChecks(): Check[] {
  return [
    checkTotals(),
    checkBalances(),
    checkBounds(),
    checkDebts(),
    checkRevenue(),
    checkCash(),
    checkTopUps(),
    checkCharges(),
    checkEvents(),
    checkCauses(),
    checkLoss(),
    checkDenials(),
  ];
}

/** Those of payments with a network. */
export function paymentChecks(): Check[] {
  return [
    checkPostings(),
    checkRefunds(),
    checkMerchantBalances(),
    checkReceipts(),
    checkOrders(),
    checkHandles(),
    checkSpent(),
    checkAuthorisations(),
  ];
}

type ListKeys = { keyedHash: KeyedHash | null; root: RootTrust | null };

function listChecks({ keyedHash, root }: ListKeys): Check[] {
  return [
    checkDenyList(),
    checkTrustLists(),
    checkListSignatures(root),
    checkListRules(keyedHash),
    checkCuts(keyedHash),
  ];
}

/** The first root and those that have followed it. Null if it is not there: then nothing can be said of lists. */
async function findRoot(dataDir: string, reader: AuditReader): Promise<RootTrust | null> {
  const first = findFirstRoot(dataDir);
  if (first === undefined) return null;
  const root = new RootTrust(pinnedRoot(first));
  const statements = await reader.rootStatements().catch(async (error: unknown) => {
    await reader.goOnBehind(error);
    return [];
  });
  const state = await root.follow(statements).catch(() => null);
  if (state !== null) root.adopt(state);
  return root;
}

function recordChecks(signatures: boolean): Check[] {
  const checks = [checkEnds(), checkPairs(), checkStates(), checkReceived(), checkLogs()];
  checks.push(checkColumns(), checkRideTimes(), checkSettledAgain(), checkResolutions());
  if (!signatures) return checks;
  const verify = createNodeVerify();
  return [...checks, checkSeals(verify), checkCodes(verify)];
}
