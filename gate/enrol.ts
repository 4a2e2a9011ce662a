/**
 * Makes a box a gate: a key pair is made here (its private half never leaves), the operator's one-time
 * token buys an identity, and the first lists are fetched, so that no network is needed from then on.
 */
import { existsSync } from 'node:fs';
import { enrolmentBody, type GateToken, readGateToken } from '@stile/crypto/gate-token.ts';
import { generateKey, type SigningKey } from '@stile/crypto/sign.ts';
import { systemClock } from '@stile/host/clock.ts';
import { lockDataDir } from '@stile/host/data-dir-lock.ts';
import { callJson } from '@stile/host/http-client.ts';
import { makePrivateDir } from '@stile/host/private-files.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { enrolledGateSchema, gateIdentitySchema } from '@stile/protocol/http/gate-api.ts';
import {
  openSigned,
  openStatement,
  pinnedRoot,
  type RootState,
  RootTrust,
} from '@stile/protocol/root-trust.ts';
import { fingerprintOf } from '@stile/protocol/signed.ts';
import {
  ensureKeyFile,
  findIdentity,
  type IdentityFile,
  keepRoot,
  moveIdentityAside,
  readIdentityFile,
  writeIdentity,
} from './shell/identity.ts';
import { gateOfLog } from './shell/store/log-owner.ts';
import { openOrReplace } from './shell/store/quarantine.ts';
import { isReferenceFile, openReferenceStore } from './shell/store/reference-store.ts';
import { createListsFetcher } from './shell/uplink/lists.ts';
import { createUplink } from './shell/uplink/uplink.ts';

const TIMEOUT_MS = 30_000;

export type Enrolment = {
  gate: string;
  line: string;
  trustVersion: number;
  denyVersion: number;
  /** Where the damaged identity was moved that had been in its place. */
  damagedIdentityIn?: string;
};

type EnrolmentOptions = {
  dataDir: string;
  settlementUrl: string;
  token: string;
  /** Where the private key is made, if not in the data directory. */
  keyFile?: string;
};

/**
 * A directory that is a gate's gets a new key of this gate, and of no other: what it has not delivered yet stays, for
 * the new key to deliver in a new epoch. The old identity is there until the new one is on the disk; a damaged one is
 * moved aside.
 * @throws Fault CONFLICT if the gate runs, UPLINK_REFUSED if the token is not good or another gate's than the directory, UPLINK_UNREACHABLE if settlement does not answer.
 */
export async function enrolGate(options: EnrolmentOptions): Promise<Enrolment> {
  // A running gate would go on with its old key, and write its old identity over the new one.
  const unlock = existsSync(options.dataDir)
    ? lockDataDir(options.dataDir, 'gate')
    : () => undefined;
  try {
    return await enrol(options);
  } finally {
    unlock();
  }
}

async function enrol(options: EnrolmentOptions): Promise<Enrolment> {
  const { dataDir, settlementUrl, keyFile } = options;
  const token = readGateToken(options.token);
  if (token === undefined) {
    throw new Fault(
      'REQUEST_INVALID',
      'this is no token of "stile settlement add-gate": copy it whole',
    );
  }
  const before = findIdentity(dataDir);
  const earlier = before !== undefined && 'gate' in before ? before : undefined;
  // Rides are in the log: whose it is counts more than whose name stands beside it.
  const owner = gateOfLog(dataDir) ?? earlier?.gate;
  const key = keyFile === undefined ? generateKey('Ed25519') : newKeyIn(keyFile, earlier);
  const body = { ...enrolmentBody(token, key), ...(owner === undefined ? {} : { gate: owner }) };
  const response = await callJson(settlementUrl, 'v1/gates/enrolments', { body });
  const parsed = enrolledGateSchema.safeParse(response);
  if (!parsed.success) {
    throw new Fault('UPLINK_REFUSED', `${settlementUrl} answers the enrolment with something else`);
  }
  const root = new RootTrust(await pinned(parsed.data.statements, token));
  const identity = await openSigned('stile-gate-enrolment+jws', parsed.data.identity, {
    root,
    schema: gateIdentitySchema,
  });
  if (identity.publicKey !== body.publicKey) {
    throw new Fault('ANSWER_REFUSED', `${settlementUrl} answers for another box`);
  }
  const { gate, line, scope, operator } = identity;
  if (owner !== undefined && gate !== owner) {
    throw new Fault(
      'ANSWER_REFUSED',
      `${settlementUrl} answers for gate ${gate}: the log here is of ${owner}`,
    );
  }
  makePrivateDir(dataDir);
  const names = { gate, line, scope, operator, root: root.state };
  const keyElsewhere = keyFile !== undefined;
  // Only now: an enrolment that failed leaves all as it was. The taps that wait stay where they are.
  const aside =
    before === undefined || earlier !== undefined
      ? {}
      : { damagedIdentityIn: moveIdentityAside(dataDir, systemClock.now().wallMs) };
  writeIdentity(dataDir, { ...names, key: key.privateJwk, keyElsewhere });
  const lists = await provision(dataDir, { url: settlementUrl, gate, key });
  return { gate, line, ...lists, ...aside };
}

/** @throws Fault CONFLICT if the key file has the key that the gate has: it is a new one that is wanted. */
function newKeyIn(keyFile: string, earlier: IdentityFile | undefined): SigningKey {
  const key = ensureKeyFile(keyFile);
  if (key.privateJwk.x !== earlier?.key.x) return key;
  throw new Fault(
    'CONFLICT',
    `${keyFile} has the key that gate ${earlier.gate} is to replace: name a file that is not there, and put it in ` +
      "this one's place behind the enrolment",
  );
}

/** The root that the operator's token names, or one that has followed it since: nobody else's answer counts. */
async function pinned(
  statements: readonly string[],
  { fingerprint }: GateToken,
): Promise<RootState> {
  for (const statement of statements) {
    const { root } = await openStatement(statement);
    if ((await fingerprintOf(root)) !== fingerprint) continue;
    const start = pinnedRoot(root);
    return (await new RootTrust(start).follow(statements)) ?? start;
  }
  throw new Fault(
    'ANSWER_REFUSED',
    'whoever answers has not the root key that the token names: nothing is enrolled. ' +
      'Is this the address of your settlement, and the token of this settlement?',
  );
}

/** Fetches the lists into an enrolled gate's directory, as the running gate does. */
async function provision(
  dataDir: string,
  { url, gate, key }: { url: string; gate: string; key: SigningKey },
) {
  const root = new RootTrust(readIdentityFile(dataDir).root);
  const files = { dataDir, belongs: isReferenceFile, wallMs: systemClock.now().wallMs };
  const { store: reference } = await openOrReplace(() => openReferenceStore(dataDir, root), files);
  try {
    const uplink = createUplink({
      url,
      timeoutMs: TIMEOUT_MS,
      root,
      keepRoot: (state) => keepRoot(dataDir, state),
      clock: systemClock,
    });
    await createListsFetcher({ gate, key, reference, uplink, onTrust: () => undefined }).refresh();
    return {
      trustVersion: reference.trust?.version ?? 0,
      denyVersion: reference.denyHead.version,
    };
  } finally {
    reference.close();
  }
}
