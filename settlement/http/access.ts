/**
 * Who may ask: the operator by the one token whose hash is stored, a rider by a session, a merchant by
 * its token. All are looked at before the body is read. Gates sign what they send instead.
 */

import { wallS } from '@stile/host/clock.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isSameHash, tokenHash } from '../keys/tokens.ts';
import type { MerchantView } from '../store/views.ts';
import { spend } from './allowance.ts';
import type { ApiParts } from './api.ts';

export type RiderSession = { account: string; serial: number };

const riders = new WeakMap<FastifyRequest, RiderSession>();
const merchants = new WeakMap<FastifyRequest, MerchantView>();
/** For answers that go on for long: asks again what was asked before the request was let in. */
const rechecks = new WeakMap<FastifyRequest, () => Promise<boolean>>();

export function requireOperator({ operatorTokenHash }: ApiParts) {
  return async (request: FastifyRequest): Promise<void> => {
    const token = bearerOf(request);
    if (token === undefined || !isSameHash(tokenHash(token), operatorTokenHash)) {
      throw new Fault('UNAUTHENTICATED', "this needs the operator's token");
    }
  };
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

export function requireMerchant({ store, allowances }: ApiParts) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const token = bearerOf(request);
    const find = async () => token && (await store.findMerchant(tokenHash(token)));
    const merchant = await find();
    if (!merchant) throw new Fault('UNAUTHENTICATED', "this needs a merchant's token");
    spend(allowances.merchant, { subject: merchant.merchant, reply });
    merchants.set(request, merchant);
    rechecks.set(request, async () => Boolean(await find()));
  };
}

/** Whose token it is; only behind `requireMerchant`. */
export function merchantFrom(request: FastifyRequest): MerchantView {
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
