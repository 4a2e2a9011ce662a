/** The pass for a key that is, or comes, on an account that has a life already: by a recovery, or asked for again. */
import { assert } from '@stile/protocol/fault.ts';
import type { PassRow } from '../../core/access/rider-changes.ts';
import { offerPass } from '../../core/access/standing.ts';
import type { ApiParts } from '../api.ts';
import { standingOf } from './account.ts';

/** A denied account, or one whose passes are all out, gets a pass without rides: money and debts are seen again. */
export async function issueFor(
  { store, config, passes, clock }: ApiParts,
  { pass, hasRides }: { pass: PassRow; hasRides: boolean },
) {
  const nowMs = clock.now().wallMs;
  const rider = await store.readRider(config.issuer, pass.account);
  assert(rider !== undefined, 'an account with a code or a pass can be read');
  const mayRide = hasRides && rider.denied.length === 0;
  const standing = standingOf(rider, nowMs);
  const nothing = { ...standing, walletCents: 0, debtCents: Number.MAX_SAFE_INTEGER };
  const offer = offerPass(mayRide ? standing : nothing, config);
  return { offer, issue: passes.issue(pass, { offer, atS: Math.floor(nowMs / 1000) }) };
}
