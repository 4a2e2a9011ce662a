/**
 * What goes between settlement and its root by hand: a request for a new online key, and what the root signs
 * for it. The root may be in the data directory or on a machine without a network; both sign by this file.
 */
import type { SigningKey } from '@stile/crypto/sign.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { RootGrant, RootRequest } from '@stile/protocol/http/operator-api.ts';
import {
  type OnlineKey,
  openStatement,
  pinnedRoot,
  type RootState,
  type RootStatement,
  RootTrust,
} from '@stile/protocol/root-trust.ts';
import { fingerprintOf, type RootKey, signObject } from '@stile/protocol/signed.ts';
import { strandedGates } from '../core/lists/root-floor.ts';

/** Who verifies may have a clock that is behind. */
const HEAD_START_S = 86_400;
const UNIX_S_MAX = 0xffffffff;
/** Gates in the words of a refusal. */
const NAMED_MAX = 20;

type Signing = { nowS: number; lifetimeS: number };

export function rootKeyOf({ privateJwk }: SigningKey): RootKey {
  return { kty: 'OKP', crv: 'Ed25519', x: privateJwk.x };
}

/** Whom to believe who has heard all of these. @throws Fault LIST_REFUSED */
export async function stateOfStatements(words: readonly string[]): Promise<RootState> {
  const [first = ''] = words;
  const start = pinnedRoot((await openStatement(first)).root);
  return (await new RootTrust(start).follow(words)) ?? start;
}

/** The first word of a first root: by it everybody knows which root can follow. */
export async function signFirstStatement(
  root: SigningKey,
  { next, nowS }: { next: RootKey; nowS: number },
): Promise<string> {
  return await signStatement(root, {
    generation: 1,
    number: 1,
    next: await fingerprintOf(next),
    floor: 0,
    issuedAtS: nowS,
  });
}

/**
 * Certifies the key of a request. `endOthers`: the online keys before it have ended, because one was stolen.
 * @throws Fault REQUEST_INVALID if this root is not the one in force.
 */
export async function signGrant(
  request: RootRequest,
  { root, endOthers, ...signing }: Signing & { root: SigningKey; endOthers: boolean },
): Promise<RootGrant> {
  const state = await stateOfStatements(request.statements);
  const { above } = request;
  const next = await requireInForce(state, { root, above });
  const certificate = await signCertificate(root, { request, ...signing });
  // What gates have heard of this root that settlement has lost ended keys: those stay ended, with the rest.
  if (!endOthers && above.statement <= state.number)
    return { stile: 'root-grant/1', statements: request.statements, certificate };
  const { generation } = state;
  const statement = await signStatement(root, {
    generation,
    number: Math.max(state.number, above.statement) + 1,
    next,
    floor: request.number,
    issuedAtS: signing.nowS,
  });
  const others = request.statements.slice(0, -1);
  return { stile: 'root-grant/1', statements: [...others, statement], certificate };
}

/** Returns the root that it announces. */
async function requireInForce(
  state: RootState,
  { root, above }: { root: SigningKey; above: RootRequest['above'] },
): Promise<string> {
  const key = rootKeyOf(root);
  if ((await fingerprintOf(key)) === state.next) {
    throw new Fault(
      'REQUEST_INVALID',
      'settlement does not know yet that this root has taken over: "stile root rotate" with it. If it has before ' +
        'the backup was restored, --next-to is the file of then, of the root that it has announced',
    );
  }
  if (state.root.x !== key.x || state.next === null) {
    throw new Fault('REQUEST_INVALID', 'this root is not the one in force: take the file of that');
  }
  if (above.generation > state.generation) {
    throw new Fault(
      'REQUEST_INVALID',
      `gates follow root ${above.generation} already, and this is root ${state.generation}: let the next root ` +
        'take over again, "stile root rotate", with the files of then',
    );
  }
  return state.next;
}

/**
 * Gates that follow this root already know which one it has announced: another one they would ignore.
 * @throws Fault REQUEST_INVALID if that has to be there, and is not.
 */
export async function requireNextFile(
  request: RootRequest,
  { isThere, without }: { isThere: boolean; without: readonly string[] },
): Promise<void> {
  const { generation } = await stateOfStatements(request.statements);
  if (isThere) return;
  if (request.above.generation <= generation) return requireReports(request.unreported, without);
  throw new Fault(
    'REQUEST_INVALID',
    'gates follow this root already, from before the restore: --next-to has to be the file of then, of the root ' +
      'that it has announced',
  );
}

/**
 * A root is announced that nobody knows yet.
 * @throws Fault CONFLICT if a gate may know another one.
 */
export function requireReports(unreported: readonly string[], without: readonly string[]): void {
  const gates = strandedGates(unreported, { without });
  if (gates.length === 0) return;
  const more = gates.length > NAMED_MAX ? ` and ${gates.length - NAMED_MAX} more` : '';
  throw new Fault(
    'CONFLICT',
    `no report since the backup was restored from ${gates.slice(0, NAMED_MAX).join(', ')}${more}: they may know another ` +
      'next root from the lost time, and would never follow this one. Wait for them (then make a new request), ' +
      'revoke those that are gone, or give them up by name with --without-gates: they have to enrol anew',
  );
}

/**
 * The announced root takes over, and certifies the key of a request.
 * @throws Fault REQUEST_INVALID if it is not the one that the root before has announced.
 */
export async function signRotation(
  request: RootRequest,
  { root, next, ...signing }: Signing & { root: SigningKey; next: RootKey },
): Promise<RootGrant> {
  const state = await stateOfStatements(request.statements);
  if (state.next !== (await fingerprintOf(rootKeyOf(root)))) {
    throw new Fault(
      'REQUEST_INVALID',
      'the root in force has announced another one: only that one can follow it',
    );
  }
  const statement = await signStatement(root, {
    generation: state.generation + 1,
    number: request.above.statement + 1,
    next: await fingerprintOf(next),
    floor: request.number,
    issuedAtS: signing.nowS,
  });
  const certificate = await signCertificate(root, { request, ...signing });
  const all = [...request.statements, statement];
  return { stile: 'root-grant/1', statements: all, certificate };
}

async function signStatement(
  root: SigningKey,
  says: Omit<RootStatement, 'stile' | 'root'>,
): Promise<string> {
  const publicKey = rootKeyOf(root);
  const statement: RootStatement = { stile: 'root/1', root: publicKey, ...says };
  return await signObject('stile-root+jws', statement, {
    privateKey: root.privateJwk,
    publicKey,
  });
}

async function signCertificate(
  root: SigningKey,
  { request, nowS, lifetimeS }: Signing & { request: RootRequest },
): Promise<string> {
  const { number, publicKey } = request;
  const key: OnlineKey = {
    stile: 'online-key/1',
    number,
    publicKey,
    notBeforeS: Math.max(0, nowS - HEAD_START_S),
    notAfterS: Math.min(UNIX_S_MAX, nowS + lifetimeS),
  };
  const signer = { privateKey: root.privateJwk, publicKey: rootKeyOf(root) };
  return await signObject('stile-online-key+jws', key, signer);
}
