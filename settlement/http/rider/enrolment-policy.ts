/**
 * Who may become a rider. The built-in policies know invitations that the operator gives out: anybody with one,
 * only after a deposit, only who was verified elsewhere. A program that knows more (an identity service, a
 * payment that was just made) takes its place through the same port.
 */
import type { EnrolledAs } from '../../core/access/enrolment.ts';
import { type EnrolmentKind, isKindEnough } from '../../core/access/standing.ts';
import { tokenHash } from '../../keys/tokens.ts';
import type { Store } from '../../store/port.ts';

export type EnrolmentRequest = {
  /** What the rider was given; null if nothing was sent. */
  invite: string | null;
  publicKey: string;
  nowMs: number;
};

export type EnrolmentAnswer =
  | ({ kind: 'accepted' } & EnrolledAs)
  | { kind: 'refused'; code: 'INVITE_NEEDED' | 'INVITE_REFUSED'; message: string };

export type EnrolmentPolicy = (request: EnrolmentRequest) => Promise<EnrolmentAnswer>;

const NEEDED =
  'this operator enrols by invitation: ask them for one, and give its code when you enrol';
const REFUSED = 'this invitation is unknown, used, expired or not enough here: ask for a new one';

/** By settings: `kind` is the least that an invitation has to say; `open` needs none. */
export function createEnrolmentPolicy(kind: EnrolmentKind, store: Store): EnrolmentPolicy {
  return async ({ invite: token, nowMs }) => {
    if (token === null) {
      if (kind !== 'open') return { kind: 'refused', code: 'INVITE_NEEDED', message: NEEDED };
      return { kind: 'accepted', enrolledBy: 'open', personHash: null, inviteHash: null };
    }
    const inviteHash = tokenHash(token);
    const invite = await store.findInvite(inviteHash, nowMs);
    if (invite === undefined || !isKindEnough(invite.kind, { least: kind })) {
      return { kind: 'refused', code: 'INVITE_REFUSED', message: REFUSED };
    }
    const { kind: enrolledBy, personHash } = invite;
    return { kind: 'accepted', enrolledBy, personHash, inviteHash };
  };
}
