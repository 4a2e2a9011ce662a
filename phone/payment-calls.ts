/**
 * What a phone pays with while it has a network: a seed for payment codes, an online code, an order of a shop. The
 * session alone gets none of these; the phone's key signs each, over what it is about.
 */
import {
  type OnlineCode,
  type OrderOffer,
  onlineCodeSchema,
  orderOfferSchema,
  type RiderPayment,
  riderPaymentSchema,
  type Seed,
  seedSchema,
} from '@stile/protocol/http/rider-api.ts';
import {
  aboutOnlineCode,
  aboutOrder,
  type ProofPurpose,
  type ShownOrder,
} from '@stile/protocol/proof.ts';
import { z } from 'zod';

/** A pass as settlement knows it. */
export type PassName = { account: string; serial: number };

type Wire = {
  call<T>(
    schema: z.ZodType<T>,
    path: string,
    options: { body?: unknown; session: string },
  ): Promise<T>;
  prove(purpose: ProofPurpose, subject: string): Promise<{ challenge: string; proof: string }>;
};

export function createPaymentCalls({ call, prove }: Wire) {
  return {
    /** A new seed for payment codes: store it, then confirm it. */
    async fetchSeed(session: string, { account, serial }: PassName): Promise<Seed> {
      const body = await prove('make-payment-seed', `${account}/${serial}`);
      return await call(seedSchema, 'v1/riders/me/payment-seeds', { session, body });
    },
    async confirmSeed(session: string, handle: string): Promise<void> {
      const path = `v1/riders/me/payment-seeds/${handle}/confirmation`;
      await call(z.unknown(), path, { session, body: {} });
    },
    /** `amountCents`: the most that it shall pay. */
    async fetchOnlineCode(
      session: string,
      { account, serial, amountCents }: PassName & { amountCents?: number | undefined },
    ): Promise<OnlineCode> {
      const subject = `${account}/${serial}${aboutOnlineCode(amountCents)}`;
      const proof = await prove('make-online-code', subject);
      const body = { ...proof, ...(amountCents === undefined ? {} : { amountCents }) };
      return await call(onlineCodeSchema, 'v1/riders/me/online-codes', { session, body });
    },
    async readOrder(session: string, order: string): Promise<OrderOffer> {
      return await call(orderOfferSchema, `v1/riders/me/orders/${order}`, { session });
    },
    /** Pays it as it was shown: the phone's key says so, not the session alone. */
    async confirmOrder(
      session: string,
      { account, serial, ...shown }: PassName & ShownOrder,
    ): Promise<RiderPayment> {
      const { order, amountCents, merchantName } = shown;
      const subject = `${account}/${serial}${aboutOrder(shown)}`;
      const proof = await prove('confirm-order', subject);
      const body = { amountCents, merchantName, ...proof };
      const path = `v1/riders/me/orders/${order}/confirmation`;
      return await call(riderPaymentSchema, path, { session, body });
    },
  };
}
