/** Lost phones: recovery codes, blocks, and moves by an operator; the use cases, once for every database. */
import {
  decideApproval,
  decideMove,
  isOpenApproval,
  type StoredApproval,
} from '../core/access/approval.ts';
import {
  decideBlockByPhone,
  decidePhoneBlock,
  decideRecovery,
  planRecovery,
} from '../core/access/recovery.ts';
import { decideCodeConfirmation, decideNewCode } from '../core/access/recovery-codes.ts';
import { unchanged } from '../core/changes.ts';
import { accountEvent, tell } from '../core/events/tell.ts';
import { follow } from './awaitable.ts';
import type { Database } from './database.ts';
import type { RecoveryStore } from './port.ts';

export function recoveryUseCases({ views, transact }: Database): RecoveryStore {
  return {
    addRecoveryCode: ({ issuer, ...code }) =>
      transact({
        read: (facts) => facts.newCode({ issuer, ...code }),
        decide: (found) => decideNewCode(found, code),
      }),
    confirmRecoveryCode: ({ account, ...request }) =>
      transact({
        read: (facts) => facts.accountAccess(account),
        decide: (access) => decideCodeConfirmation(access, request),
      }),
    matchCode: async (quickHash) => await views.matchCode(quickHash),
    planRecovery: ({ codeHash, ...claim }) =>
      transact({
        read: (facts) => facts.recovery({ codeHash, ...claim }),
        decide: (found) => unchanged(planRecovery(found, claim)),
      }),
    recover: (request) =>
      transact({
        read: (facts) => facts.recovery({ ...request, publicKey: request.pass.publicKey }),
        decide: (found) => decideRecovery(found, request),
      }),
    blockPhones: (request) =>
      transact({
        read: (facts) =>
          facts.recovery({ codeHash: request.codeHash, publicKey: '', nowMs: request.nowMs }),
        decide: (found) =>
          tell(decidePhoneBlock(found, request), (blocked) =>
            typeof blocked === 'object' ? [accountEvent(blocked.account, request.nowMs)] : [],
          ),
      }),
    blockPass: (request) =>
      transact({
        read: (facts) =>
          follow(facts.accountAccess(request.account), (access) =>
            follow(facts.newCode({ ...request, drawnBy: request.by }), ({ isDenied }) => ({
              access,
              isBlockerDenied: isDenied,
            })),
          ),
        decide: (found) =>
          tell(decideBlockByPhone(found, request), (isBlocked) =>
            isBlocked ? [accountEvent(request.account, request.nowMs)] : [],
          ),
      }),
    moveAccount: (request) =>
      transact({
        read: (facts) => facts.move(request),
        decide: (found) => decideMove(found, request),
      }),
    approve: ({ id, ...request }) =>
      transact({
        read: (facts) => facts.approval(id),
        decide: (found) => decideApproval(found, request),
      }),
    listApprovals: async (nowMs) => {
      const stored: readonly StoredApproval[] = await views.listApprovals(nowMs);
      return stored.filter((approval) => isOpenApproval(approval, nowMs));
    },
  };
}
