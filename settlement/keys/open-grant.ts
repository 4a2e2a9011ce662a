/** What a root has signed, before it is installed: whether it is for this settlement, and whether it would help. */
import { existsSync } from 'node:fs';
import { Fault } from '@stile/protocol/fault.ts';
import type { RootGrant } from '@stile/protocol/http/operator-api.ts';
import { type OnlineKey, type RootState, RootTrust } from '@stile/protocol/root-trust.ts';
import { onlineKeyFile, readKey } from '../data-dir.ts';
import { rootKeyOf, stateOfStatements } from './root-grant.ts';

type Known = { number: number; certificate: string };
export type OpenedGrant = { after: RootState; key: OnlineKey; words: readonly string[] };

type Before = {
  dataDir: string;
  state: RootState;
  statements: readonly string[];
  /** Online keys that there are. */
  known: readonly Known[];
};

/**
 * @throws Fault REQUEST_INVALID if it is not for this settlement, or of a root that does not count; CONFLICT if
 * another grant of the same request is installed, or the private half of the key is not here.
 */
export async function openGrant(
  { statements, certificate }: RootGrant,
  { dataDir, state, ...before }: Before,
): Promise<OpenedGrant> {
  const after = (await new RootTrust(state).follow(statements).catch(asRequestFault)) ?? state;
  const trust = new RootTrust(after);
  const key = await trust.openCertificate(certificate, { isKept: false }).catch(asRequestFault);
  const isSameRoot = after.root.x === state.root.x;
  refuseSecond(isSameRoot ? before.known : [], { number: key.number, certificate });
  requirePrivateHalf(dataDir, key);
  const words = after === state ? before.statements : await wholeChain(statements, after);
  return { after, key, words };
}

/** It would change nothing of what the first one said, or take it back. */
function refuseSecond(known: readonly Known[], { number, certificate }: Known): void {
  const first = known.find((one) => one.number === number);
  if (first === undefined || first.certificate === certificate) return;
  throw new Fault(
    'CONFLICT',
    `another grant of this request is installed: online key ${number} signs by that one. For another key, or to ` +
      'end this one, make a new request with "keys request-online-key"',
  );
}

function requirePrivateHalf(dataDir: string, { number, publicKey }: OnlineKey): void {
  const file = onlineKeyFile(dataDir, number);
  if (!existsSync(file)) {
    throw new Fault(
      'CONFLICT',
      `the private half of online key ${number} is not here: it was made after this backup, or elsewhere. Make a ` +
        'new request with "keys request-online-key", and have that signed where the root is',
    );
  }
  if (rootKeyOf(readKey(file)).x === publicKey.x) return;
  throw new Fault('REQUEST_INVALID', 'this was granted to another settlement');
}

/** Who was away for long has to find every root in it. */
async function wholeChain(
  statements: readonly string[],
  { earlier, number }: RootState,
): Promise<readonly string[]> {
  const all = await stateOfStatements(statements);
  if (all.number === number && all.earlier.length === earlier.length) return statements;
  throw new Fault('REQUEST_INVALID', 'what the roots have said before is missing from it');
}

function asRequestFault(error: unknown): never {
  const why = error instanceof Error ? error.message : String(error);
  throw new Fault('REQUEST_INVALID', `this is not what the root would sign: ${why}`, {
    cause: error,
  });
}
