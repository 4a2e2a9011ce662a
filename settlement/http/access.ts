/**
 * Who may ask: an operator by a token of theirs and with the role that it takes, a rider by a session, a
 * merchant by its token. All are looked at before the body is read. Gates sign what they send instead.
 */

import { wallS } from '@stile/host/clock.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import type { OperatorRole } from '@stile/protocol/http/operator-api.ts';
import type { MerchantRole } from '@stile/protocol/payment.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Operator, TokenOperator } from '../core/access/operator-changes.ts';
import { mayAct, ROOT } from '../core/access/operators.ts';
import { isSameHash, tokenHash } from '../keys/tokens.ts';
import type { MerchantByToken } from '../store/views.ts';
import { spend } from './allowance.ts';
import type { ApiParts } from './api.ts';
import { Refusal } from './refusal.ts';

export type RiderSession = { account: string; serial: number };

const operators = new WeakMap<FastifyRequest, TokenOperator>();
const riders = new WeakMap<FastifyRequest, RiderSession>();
const merchants = new WeakMap<FastifyRequest, MerchantByToken>();
/** For answers that go on for long: asks again what was asked before the request was let in. */
const rechecks = new WeakMap<FastifyRequest, () => Promise<boolean>>();

/**
 * `role`: what it takes; by default READER to look, OPERATOR to change. What takes an ADMIN takes a token that
 * no other has replaced.
 */
export function requireOperator(parts: ApiParts, role?: OperatorRole) {
  const { store, clock, operatorTokenHash } = parts;
  return async (request: FastifyRequest): Promise<void> => {
    const token = bearerOf(request);
    const hash = tokenHash(token ?? '');
    const operator = isSameHash(hash, operatorTokenHash)
      ? { name: ROOT, role: 'ADMIN' as const, isReplaced: false }
      : await store.findOperator(hash, clock.now().wallMs);
    if (token === undefined || operator === undefined) {
      throw new Fault('UNAUTHENTICATED', "this needs an operator's token");
    }
    const needed = role ?? (request.method === 'GET' ? 'READER' : 'OPERATOR');
    if (!mayAct(operator.role, needed)) {
      throw new Fault('FORBIDDEN', `this needs the role ${needed}; yours is ${operator.role}`);
    }
    if (needed === 'ADMIN') refuseReplaced(operator);
    operators.set(request, operator);
  };
}

/** For whatever makes a credential or ends one: it takes a token that no other has replaced. */
export function requireCurrentToken(parts: ApiParts, role?: OperatorRole) {
  const requireRole = requireOperator(parts, role);
  return async (request: FastifyRequest): Promise<void> => {
    await requireRole(request);
    refuseReplaced(operatorOf(request));
  };
}

/** @throws Refusal TOKEN_REPLACED. */
export function refuseReplaced({ isReplaced }: { isReplaced: boolean }): void {
  if (!isReplaced) return;
  throw new Refusal(
    'TOKEN_REPLACED',
    'this token was rotated and only works on for minutes: use the new one; if you have none, or it was not you, ' +
      'have an ADMIN name you again, which ends all your tokens',
  );
}

/** Undefined if no operator was let in with this request. */
export function findOperatorOf(request: FastifyRequest): Operator | undefined {
  return operators.get(request);
}

/** Who the person is; only behind `requireOperator`. */
export function operatorFrom(request: FastifyRequest): Operator {
  const { name, role } = operatorOf(request);
  return { name, role };
}

/** The hash of the token that let the request in; only behind `requireOperator`. */
export function operatorTokenHashFrom(request: FastifyRequest): string {
  return tokenHash(bearerOf(request) ?? '');
}

function operatorOf(request: FastifyRequest): TokenOperator {
  const operator = operators.get(request);
  assert(operator !== undefined, 'the route requires an operator');
  return operator;
}

export function requireSession({ store, clock, allowances }: ApiParts) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const token = bearerOf(request);
    const find = async () => token && (await store.findSession(tokenHash(token), wallS(clock)));
    const session = await find();
    if (!session) throw new Fault('UNAUTHENTICATED', 'this needs an open session');
    spend(allowances.rider, { subject: session.account, reply });
    riders.set(request, session);
    rechecks.set(request, async () => Boolean(await find()));
  };
}

/** Whose session it is; only behind `requireSession`. */
export function riderFrom(request: FastifyRequest): RiderSession {
  const session = riders.get(request);
  assert(session !== undefined, 'the route requires a session');
  return session;
}

/** `role`: MANAGER, if a till's token is not enough. */
export function requireMerchant({ store, allowances }: ApiParts, role?: MerchantRole) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const token = bearerOf(request);
    const find = async () => token && (await store.findMerchant(tokenHash(token)));
    const merchant = await find();
    if (!merchant) throw new Fault('UNAUTHENTICATED', "this needs a merchant's token");
    if (role === 'MANAGER' && merchant.role !== 'MANAGER') refuseTill();
    spend(allowances.merchant, { subject: merchant.merchant, reply });
    merchants.set(request, merchant);
    rechecks.set(request, async () => Boolean(await find()));
  };
}

export function refuseTill(): never {
  throw new Refusal('MANAGER_NEEDED', "a till may not do this: it takes the manager's token");
}

/** Whose token it is; only behind `requireMerchant`. */
export function merchantFrom(request: FastifyRequest): MerchantByToken {
  const merchant = merchants.get(request);
  assert(merchant !== undefined, 'the route requires a merchant');
  return merchant;
}

/** Whether the session or token of this request still holds; only behind one of the two above. */
export async function isStillAllowed(request: FastifyRequest): Promise<boolean> {
  const recheck = rechecks.get(request);
  assert(recheck !== undefined, 'the route requires a session or a merchant');
  return await recheck();
}

function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer ([\w.~+/-]{1,512}=*)$/i.exec(request.headers.authorization ?? '')?.[1];
}
