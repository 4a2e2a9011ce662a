/**
 * What riders, gates and testers do with a wallet's page. The picture of the page is all that a gate gets
 * here: it is read like a photo, and judged by the gate's own rule.
 */

import { enrolmentBody } from '@stile/crypto/gate-token.ts';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { generateKey } from '@stile/crypto/sign.ts';
import { gateTokenIn } from '@stile/crypto/testing/gate-token.ts';
import { admit } from '@stile/gate/core/admit.ts';
import { readPicture } from '@stile/hardware/picture/read.ts';
import { announce } from '@stile/protocol/batch-seal.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { readTransitCode, type TransitCode } from '@stile/protocol/transit-code.ts';
import { findIssuerKey, type TrustList, trustListSchema } from '@stile/protocol/trust-list.ts';
import { ScriptedGate } from '@stile/settlement/testing/gate.ts';
import type { Page } from 'playwright-core';
import type { Town } from './town.ts';

export const RIDE = 'Transit code for the gate';
/** Where it stands, for what has no names to look for. */
export const TRANSIT_CODE = '.square .qr';
const verify = createNodeVerify();

/** `query`: behind the address, for testers. */
export async function enrol(
  page: Page,
  { url }: Town,
  { query = '' }: { query?: string } = {},
): Promise<void> {
  await page.goto(`${url}/wallet/${query}`);
  await page.getByRole('button', { name: 'Set up this phone' }).click();
  await page.getByRole('img', { name: RIDE }).waitFor();
}

/** All that the wallet does by itself behind its enrolment is done: it could go offline now. */
export async function settle(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await page.goto(`${page.url().split('#')[0]}#/pay`);
  await page.locator('[data-code]').waitFor();
  await page.goto(`${page.url().split('#')[0]}#/ride`);
  await page.getByRole('img', { name: RIDE }).waitFor();
}

/** The code in a picture of the page, as a scanner reads it. */
export async function scan(
  page: Page,
): Promise<{ text: string; version: string; ecLevel: string }> {
  await page.getByRole('img', { name: RIDE }).waitFor();
  return await readScreen(await page.screenshot());
}

async function readScreen(picture: Uint8Array) {
  const reading = await readPicture(picture);
  if (!reading.ok) throw new Error(`the picture has no code: ${reading.hint}`);
  return reading;
}

export async function scanCode(page: Page): Promise<TransitCode> {
  await page.getByRole('img', { name: RIDE }).waitFor();
  return await transitCodeIn(await page.screenshot());
}

/** The code in any picture of a page. */
export async function transitCodeIn(picture: Uint8Array): Promise<TransitCode> {
  const code = readTransitCode((await readScreen(picture)).text);
  if (!code.ok) throw new Error(code.detail);
  return code.value;
}

/** Asks for a new code and waits until it is drawn. */
export async function drawNext(page: Page): Promise<void> {
  const path = page.getByRole('img', { name: RIDE }).locator('path');
  const before = await path.getAttribute('d');
  await page.getByRole('button', { name: 'New code' }).click();
  await page.waitForFunction(
    (old) => document.querySelector('.square .ink')?.getAttribute('d') !== old,
    before,
  );
}

export async function readTrust(town: Town): Promise<TrustList> {
  const jws = await (await fetch(new URL('/v1/trust-list', town.url))).text();
  const payload = Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString();
  return trustListSchema.parse(JSON.parse(payload));
}

/** What a gate of this town, which has its lists, says to a code now: `open`, or why not. */
export function judge(
  code: TransitCode,
  trust: TrustList,
  { wallMs = Date.now() }: { wallMs?: number } = {},
): string {
  const key = findIssuerKey(trust, { issuer: code.pass.issuer, keyId: code.pass.issuerKeyId });
  const publicKeyBytes = fromHex(key?.publicKey ?? '', 32);
  const verdict = admit(
    code,
    {
      issuerKey: key && publicKeyBytes && { ...key, publicKeyBytes },
      denied: false,
      denyAtS: 1,
      counterMax: undefined,
      openings: [],
      lastOpen: undefined,
      clock: 'TRUSTED',
      signedTimeS: trust.issuedAtS,
      barrierConnected: true,
    },
    {
      rules: {
        line: 'M1',
        fareCents: 250,
        scopes: [code.pass.scope],
        products: null,
        codeLifetimeSMax: 60,
        skewS: 20,
        passbackS: 0,
        maxListAgeS: 0,
        closeListAgeS: 0,
        onClockUnknown: 'refuse',
        trustVersion: trust.version,
        denyVersion: 0,
        tariffVersion: 1,
      },
      now: { wallMs, monoMs: 0 },
      verify,
    },
  );
  return verdict.verdict === 'open' ? 'open' : verdict.reason;
}

/** A gate that opened for codes while it had no network, and now has one. */
export async function addGate(
  town: Town,
  place: { gate: string; line: string },
): Promise<ScriptedGate> {
  const gate = new ScriptedGate(place.gate, place.line);
  gate.key = generateKey('Ed25519');
  const { token } = await town.operate<{ token: string }>('POST', 'gates', { body: place });
  const body = enrolmentBody(gateTokenIn(token), gate.key);
  await town.call('/v1/gates/enrolments', { body });
  return gate;
}

export async function sendLog(town: Town, gate: ScriptedGate): Promise<void> {
  const batch = gate.batch();
  const response = await fetch(new URL(`/v1/gates/${gate.gate}/batches`, town.url), {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', ...announce(batch) },
    body: new Uint8Array(batch),
  });
  if (!response.ok) throw new Error(`batch: ${response.status} ${await response.text()}`);
}
