/**
 * Makes a box a gate: a key pair is made here (its private half never leaves), the operator's one-time
 * token buys an identity, and the first lists are fetched, so that no network is needed from then on.
 */
import { enrolmentBody, type GateToken, readGateToken } from '@stile/crypto/gate-token.ts';
import { generateKey, type SigningKey } from '@stile/crypto/sign.ts';
import { systemClock } from '@stile/host/clock.ts';
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
  keepRoot,
  moveIdentityAside,
  readIdentityFile,
  writeIdentity,
} from './shell/identity.ts';
import { openReferenceStore } from './shell/store/reference-store.ts';
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

/**
 * A damaged identity is moved aside; what the gate has not delivered yet stays, for the new one to deliver.
 * @throws Fault CONFLICT if the directory belongs to a gate already, UPLINK_REFUSED if the
 * token is not good, UPLINK_UNREACHABLE if settlement does not answer.
 */
export async function enrolGate(options: {
  dataDir: string;
  settlementUrl: string;
  token: string;
  /** Where the private key is made, if not in the data directory. */
  keyFile?: string;
}): Promise<Enrolment> {
  const { dataDir, settlementUrl, keyFile } = options;
  const token = readGateToken(options.token);
  if (token === undefined) {
    throw new Fault(
      'REQUEST_INVALID',
      'this is no token of "stile settlement add-gate": copy it whole',
    );
  }
  const before = findIdentity(dataDir);
  if (before !== undefined && 'gate' in before) {
    throw new Fault('CONFLICT', `${dataDir} belongs to gate ${before.gate} already`);
  }
  const key = keyFile === undefined ? generateKey('Ed25519') : ensureKeyFile(keyFile);
  const body = enrolmentBody(token, key);
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
  makePrivateDir(dataDir);
  const names = { gate, line, scope, operator, root: root.state };
  const keyElsewhere = keyFile !== undefined;
  // Only now: an enrolment that failed leaves all as it was. The taps that wait stay where they are.
  const aside =
    before === undefined
      ? {}
      : { damagedIdentityIn: moveIdentityAside(dataDir, systemClock.now().wallMs) };
  writeIdentity(dataDir, { ...names, key: key.privateJwk, keyElsewhere });
  const lists = await provision(dataDir, { url: settlementUrl, gate, key });
  return { gate, line, ...lists, ...aside };
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
  const reference = await openReferenceStore(dataDir, root);
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
