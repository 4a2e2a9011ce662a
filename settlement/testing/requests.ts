/** One request that succeeds for each operation of the OpenAPI document which is not open to all. */
import { randomBytes } from 'node:crypto';
import { addCheckDigits } from '@stile/protocol/check-digits.ts';
import type { Order } from '@stile/protocol/http/merchant-api.ts';
import type { RootGrant } from '@stile/protocol/http/operator-api.ts';
import { rootWordsIn } from '@stile/protocol/root-trust.ts';
import { claimedSigner } from '@stile/protocol/signed.ts';
import type { ScriptedGate } from './gate.ts';
import { type ScriptedRider, START_MS } from './town.ts';

export type Request = { method: 'GET' | 'POST' | 'PUT' | 'DELETE'; url: string; body?: object };

/** The kiosk's payment that requests speak of. */
export const SALE = 'sale-of-kiosk';

/** Of the gate's record that is parked. */
export const PARKED_SEQ = 2;

/**
 * An account of two phones and its seed, a move of another operator's that waits, two orders of the kiosk, a
 * gate, what the root has granted.
 */
type World = {
  account: string;
  handle: string;
  order: Order;
  spare: Order;
  gate: ScriptedGate;
  grant: RootGrant;
  presence: Presences;
};

/** What the account's phone signs beside its session, each good once. */
type Presences = {
  confirmation: object;
  recoveryCode: object;
  phoneCode: object;
  block: object;
  seed: object;
  onlineCode: object;
  order: object;
};

/** `order`: the one that the rider is to pay. */
export async function presencesOf(
  rider: ScriptedRider,
  { order }: { order: Order },
): Promise<Presences> {
  return {
    confirmation: { code: await rider.drawCode() },
    seed: await rider.provePresence('make-payment-seed'),
    onlineCode: await rider.provePresence('make-online-code'),
    order: (await rider.confirmation(order.order)).body,
    recoveryCode: await rider.provePresence('make-recovery-code'),
    phoneCode: await rider.provePresence('make-phone-code'),
    block: await rider.provePresence('block-phone', { about: '/2' }),
  };
}

/** What the root has granted to who signed this list. */
export function grantIn(list: string): RootGrant {
  const { certificate = '' } = claimedSigner(list);
  return { stile: 'root-grant/1', statements: [...rootWordsIn(list)], certificate };
}

/** In the order in which the right ones are asked: what ends something comes last. */
export function makeRequests(world: World): Map<string, Request> {
  return new Map(
    listRequests(world).map(([name, rest, body]) => [name, requestOf(name, { rest, body })]),
  );
}

type Listed = [operation: string, rest: string, body?: object];

function listRequests({ account, handle, order, spare, gate, grant, presence }: World): Listed[] {
  const code = addCheckDigits(`72${'1'.repeat(16)}`);
  const parked = { gate: gate.gate, epoch: gate.epoch, seq: PARKED_SEQ, note: 'walk' };
  return [
    ['GET /v1/riders/me', ''],
    ['GET /v1/riders/me/statement', ''],
    ['GET /v1/riders/me/events', ''],
    ['POST /v1/riders/me/top-ups', '', { amountCents: 100, idempotencyKey: 'walk' }],
    ['POST /v1/riders/me/payment-seeds/{handle}/confirmation', handle, {}],
    ['POST /v1/riders/me/payment-seeds', '', presence.seed],
    ['POST /v1/riders/me/online-codes', '', presence.onlineCode],
    ['GET /v1/riders/me/orders/{order}', order.order],
    ['POST /v1/riders/me/orders/{order}/confirmation', order.order, presence.order],
    ['POST /v1/riders/me/recovery-code/confirmation', '', presence.confirmation],
    ['POST /v1/riders/me/recovery-code', '', presence.recoveryCode],
    ['POST /v1/riders/me/phone-code', '', presence.phoneCode],
    ['POST /v1/riders/me/passes/{serial}/block', '2', presence.block],
    ['DELETE /v1/riders/me/payment-seeds', ''],
    ['GET /v1/merchants/me', ''],
    ['GET /v1/merchants/me/events', ''],
    ['POST /v1/payments', '', { idempotencyKey: 'walk-sale', code, amountCents: 1 }],
    ['GET /v1/payments', `?fromMs=0&toMs=${START_MS * 2}`],
    ['GET /v1/payments/{key}', SALE],
    ['POST /v1/payments/{key}/refunds', SALE, { idempotencyKey: 'walk-back', amountCents: 1 }],
    ['POST /v1/payments/{key}/reversal', SALE, {}],
    ['POST /v1/orders', '', { idempotencyKey: 'walk-order', amountCents: 50 }],
    ['GET /v1/orders/{order}', spare.order],
    ['DELETE /v1/orders/{order}', spare.order],
    ...listGateRequests(gate),
    ['GET /v1/operator/gates', ''],
    ['POST /v1/operator/gates', '', { gate: 'walk', line: 'M1' }],
    ['POST /v1/operator/invites', '', { kind: 'verified', person: 'walk' }],
    ['PUT /v1/operator/lines/{line}', 'M9', { fareCents: 1 }],
    ['GET /v1/operator/lines/{line}', 'M9'],
    ['GET /v1/operator/taps', ''],
    ['GET /v1/operator/parked', ''],
    ['GET /v1/operator/parked/resolutions', ''],
    ['POST /v1/operator/parked/replays', '', parked],
    ['POST /v1/operator/parked/resolutions', '', { ...parked, how: 'WRITE_OFF' }],
    ['GET /v1/operator/trial-balance', ''],
    ['POST /v1/operator/gates/{gate}/revocation', gate.gate, {}],
    ['GET /v1/operator/failed-work', ''],
    ['GET /v1/operator/metrics', ''],
    ['POST /v1/operator/failed-work/retries', '', {}],
    ['GET /v1/operator/accounts/{account}', account],
    ['POST /v1/operator/accounts/{account}/move-code', account, { note: 'walk' }],
    ['GET /v1/operator/approvals', ''],
    ['POST /v1/operator/approvals/{approval}', '1', {}],
    ['GET /v1/operator/merchants', ''],
    ['POST /v1/operator/merchants', '', { merchant: 'walk', name: 'Walk' }],
    ['POST /v1/operator/denials', '', { account, note: 'walk' }],
    ['DELETE /v1/operator/denials', '', { account }],
    ['GET /v1/operator/issuer-keys', ''],
    ['POST /v1/operator/issuer-keys', '', {}],
    ...listRootRequests(grant),
    ['GET /v1/operator/lists', ''],
    ['POST /v1/operator/lists/force', '', { denyVersion: 1 }],
    ['POST /v1/operator/clock', '', { nowS: START_MS / 1000 }],
    ['GET /v1/operator/me', ''],
    ['GET /v1/operator/acts', ''],
    ['GET /v1/operator/operators', ''],
    ['POST /v1/operator/operators', '', { name: 'Walk', role: 'READER' }],
    ['DELETE /v1/operator/operators/{name}', 'Walk'],
    ['POST /v1/operator/issuer-keys/{keyId}/revocation', '1', {}],
    ['DELETE /v1/operator/accounts/{account}/payment-seeds', account],
    ['DELETE /v1/operator/merchants/{merchant}', 'kiosk'],
    // A token that was rotated ends no credential: nothing comes behind it.
    ['POST /v1/operator/token', '', {}],
  ];
}

function listGateRequests(gate: ScriptedGate): Listed[] {
  const code = addCheckDigits('72'.padEnd(18, '3'));
  return [
    ['POST /v1/gates/{gate}/payments', gate.gate, authorisationOf(gate, code)],
    ['GET /v1/gates/{gate}/deny-list/delta', `${gate.gate}?from=0`],
    ['GET /v1/gates/{gate}/deny-list/snapshot', gate.gate],
  ];
}

function listRootRequests(grant: RootGrant): Listed[] {
  return [
    ['GET /v1/operator/roots', ''],
    ['POST /v1/operator/roots/requests', '', {}],
    ['POST /v1/operator/roots/grants', '', grant],
    ['POST /v1/operator/roots/online-keys', '', {}],
    ['POST /v1/operator/roots/online-keys/revocation', '', {}],
    ['POST /v1/operator/roots/rotation', '', {}],
  ];
}

export function authorisationOf({ gate: name, line }: ScriptedGate, code: string) {
  const id = randomBytes(16).toString('hex');
  return { stile: 'gate-payment/1', gate: name, id, code, line, atMs: START_MS };
}

/** `rest`: what stands for the name in the path, and the query. */
export function requestOf(
  operation: string,
  { rest, body }: { rest: string; body: object | undefined },
): Request {
  const [method, path = ''] = operation.split(' ');
  const [name = '', ...query] = rest.split('?');
  const url = [path.replace(/\{\w+\}/, name), ...query].join('?');
  return { method: method as Request['method'], url, ...(body === undefined ? {} : { body }) };
}
