/**
 * `stile code inspect`: what a gate would say to a code, and what is in it, as one JSON object. It uses
 * the gate's own decision, with the lists and the instant that it is given and no memory of past rides.
 */
import { readFileSync } from 'node:fs';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { admit, type Facts, type Rules } from '@stile/gate/core/admit.ts';
import { openDenyFile } from '@stile/gate/shell/store/deny-file.ts';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import type { Reason } from '@stile/protocol/reasons.ts';
import { claimedRootKey, openSigned, pinnedRoot, RootTrust } from '@stile/protocol/root-trust.ts';
import type { RootKey } from '@stile/protocol/signed.ts';
import { readTransitCode, type TransitCode } from '@stile/protocol/transit-code.ts';
import {
  findFareCents,
  findIssuerKey,
  type TrustList,
  trustListSchema,
} from '@stile/protocol/trust-list.ts';
import { printJson, readStdin } from './terminal.ts';

/** Far more than any code; standard input beyond it is refused. */
const TEXT_BYTES_MAX = 1024 * 1024;

type PassId = { issuer: number; account: string; serial: number };

export type InspectOptions = {
  at?: number;
  trust?: string;
  root?: string;
  deny?: string;
  scope?: number;
  line?: string;
};

/** `nowMs`: judged as of then unless the options say otherwise. */
export async function inspect(
  argument: string,
  { nowMs, ...options }: InspectOptions & { nowMs: number },
): Promise<void> {
  const text = argument === '-' ? dropLineEnd(await readStdin(TEXT_BYTES_MAX)) : argument;
  const atMs = options.at ?? nowMs;
  const trust = options.trust === undefined ? null : await readTrust(options.trust, options.root);
  const judged = { at: new Date(atMs).toISOString(), trust: trust?.summary ?? null };
  const reading = readTransitCode(text);
  if (!reading.ok) {
    const { reason, detail } = reading;
    printJson({ verdict: 'refuse', reason, detail, fields: {}, judged });
    return;
  }
  const reason = judge(reading.value, { ...options, atMs, trust: trust?.list ?? null });
  const verdict = reason === null ? 'open' : 'refuse';
  printJson({ verdict, reason, fields: fieldsOf(reading.value), judged });
}

function judge(
  code: TransitCode,
  options: Omit<InspectOptions, 'trust'> & { atMs: number; trust: TrustList | null },
): Reason | null {
  const { atMs, trust } = options;
  const { issuer, issuerKeyId, account, serial, scope } = code.pass;
  const key = trust === null ? undefined : findIssuerKey(trust, { issuer, keyId: issuerKeyId });
  const fareCents =
    trust === null || options.line === undefined
      ? undefined
      : findFareCents(trust.tariff, { line: options.line, atS: Math.floor(atMs / 1000) });
  if (options.line !== undefined && fareCents === undefined) {
    throw new Fault('REQUEST_INVALID', `the trust list has no fare for line ${options.line}`);
  }
  const facts: Facts = {
    issuerKey: key && { ...key, publicKeyBytes: fromHex(key.publicKey) ?? new Uint8Array(0) },
    denied: options.deny !== undefined && isDenied(options.deny, { issuer, account, serial }),
    denyAtS: trust?.issuedAtS ?? 0,
    counterMax: undefined,
    openings: [],
    lastOpen: undefined,
    clock: 'TRUSTED',
    signedTimeS: 0,
    barrierConnected: true,
  };
  const rules: Rules = {
    line: options.line ?? '',
    fareCents,
    scopes: [options.scope ?? scope],
    products: null,
    codeLifetimeSMax: trust?.limits.codeLifetimeSMax ?? 0,
    skewS: trust?.limits.skewS ?? 0,
    passbackS: 0,
    // What a gate holds besides is not looked at here.
    maxListAgeS: 0,
    closeListAgeS: 0,
    onClockUnknown: 'refuse',
    trustVersion: trust?.version ?? 0,
    denyVersion: 0,
    tariffVersion: trust?.tariff.version ?? 0,
  };
  const verdict = admit(code, facts, {
    rules,
    now: { wallMs: atMs, monoMs: 0 },
    verify: createNodeVerify(),
  });
  return verdict.verdict === 'open' ? null : verdict.reason;
}

function isDenied(file: string, pass: PassId): boolean {
  readBytes(file, { what: 'the deny file' });
  const deny = openDenyFile(file);
  try {
    return deny.isDenied(pass);
  } finally {
    deny.close();
  }
}

async function readTrust(file: string, root: string | undefined) {
  const jws = readBytes(file, { what: 'the trust list' }).toString('utf8');
  const rootKey: RootKey =
    root === undefined ? claimedRootKey(jws) : { kty: 'OKP', crv: 'Ed25519', x: root };
  const list = await openSigned('stile-trust-list+jws', jws, {
    root: new RootTrust(pinnedRoot(rootKey)),
    schema: trustListSchema,
  });
  const { operator, version, deny } = list;
  const rootPinned = root !== undefined;
  const summary = { operator, version, denyVersion: deny.version, root: rootKey.x, rootPinned };
  return { list, summary };
}

function readBytes(file: string, { what }: { what: string }): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `cannot read ${what}: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** A pipe ends its text with a line end that is no part of the code; a space may be. */
function dropLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}

function fieldsOf(code: TransitCode) {
  const { pass } = code;
  const at = (unixS: number) => new Date(unixS * 1000).toISOString();
  return {
    version: 1,
    suite: pass.suite,
    product: pass.product,
    issuer: pass.issuer,
    issuerKeyId: pass.issuerKeyId,
    account: pass.account,
    serial: pass.serial,
    issuedAt: at(pass.issuedAtS),
    lifetimeMin: pass.lifetimeMin,
    expiresAt: at(pass.issuedAtS + pass.lifetimeMin * 60),
    codeLifetimeS: pass.codeLifetimeS,
    ceiling: pass.ceiling,
    allowance: pass.allowance,
    scope: pass.scope,
    deviceKey: toHex(pass.deviceKey),
    issuerSignature: toHex(code.issuerSignature),
    generatedAt: at(code.generatedAtS),
    counter: code.counter,
    flags: code.flags,
    deviceSignature: toHex(code.deviceSignature),
  };
}
