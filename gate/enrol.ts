/**
 * Makes a box a gate: a key pair is made here (its private half never leaves), the operator's one-time
 * token buys an identity, and the first lists are fetched, so that no network is needed from then on.
 */
import { mkdirSync } from 'node:fs';
import { generateKey } from '@stile/crypto/sign.ts';
import { systemClock } from '@stile/host/clock.ts';
import { callJson } from '@stile/host/http-client.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { enrolledGateSchema, type GateEnrolment } from '@stile/protocol/http/gate-api.ts';
import { proofMessage } from '@stile/protocol/proof.ts';
import { hasIdentity, readIdentity, writeIdentity } from './shell/identity.ts';
import { openReferenceStore } from './shell/store/reference-store.ts';
import { createListsFetcher } from './shell/uplink/lists.ts';
import { createUplink } from './shell/uplink/uplink.ts';

const TIMEOUT_MS = 30_000;

export type Enrolment = { gate: string; line: string; trustVersion: number; denyVersion: number };

/**
 * @throws Fault CONFLICT if the directory belongs to a gate already, UPLINK_REFUSED if the
 * token is not good, UPLINK_UNREACHABLE if settlement does not answer.
 */
export async function enrolGate(options: {
  dataDir: string;
  settlementUrl: string;
  token: string;
}): Promise<Enrolment> {
  const { dataDir, settlementUrl, token } = options;
  if (hasIdentity(dataDir)) {
    const { gate } = readIdentity(dataDir);
    throw new Fault('CONFLICT', `${dataDir} belongs to gate ${gate} already`);
  }
  const key = generateKey('Ed25519');
  const publicKey = toHex(key.publicKey);
  const proof = toHex(
    key.sign(proofMessage('enrol-gate', { challenge: token, subject: publicKey })),
  );
  const body: GateEnrolment = { token, publicKey, proof };
  const response = await callJson(settlementUrl, 'v1/gates/enrolments', { body });
  const parsed = enrolledGateSchema.safeParse(response);
  if (!parsed.success) {
    throw new Fault('UPLINK_REFUSED', `${settlementUrl} answers the enrolment with something else`);
  }
  const { gate, line, scope, operator, rootKeys } = parsed.data;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeIdentity(dataDir, { gate, line, scope, operator, rootKeys, key: key.privateJwk });
  const lists = await provision(dataDir, settlementUrl);
  return { gate, line, ...lists };
}

/** Fetches the lists into an enrolled gate's directory, as the running gate does. */
async function provision(dataDir: string, url: string) {
  const { rootKeys } = readIdentity(dataDir);
  const reference = await openReferenceStore(dataDir, rootKeys);
  try {
    const uplink = createUplink({ url, timeoutMs: TIMEOUT_MS, rootKeys, clock: systemClock });
    await createListsFetcher({ reference, uplink, onTrust: () => undefined }).refresh();
    return {
      trustVersion: reference.trust?.version ?? 0,
      denyVersion: reference.denyHead.version,
    };
  } finally {
    reference.close();
  }
}
