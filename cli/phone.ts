/** What all commands of a rider's phone share: its file, its key, a session with it, a picture of its code. */
import { existsSync, writeFileSync } from 'node:fs';
import { keyFromJwk, type SigningKey } from '@stile/crypto/sign.ts';
import { createPhoneClient } from '@stile/phone/client.ts';
import { type PhoneFile, readPhone } from '@stile/phone/phone-file.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import type { Command } from 'commander';
import { print } from './terminal.ts';

export type PhoneOption = { phone: string };

/** Commands that have a phone: each has its name, and an option for the phone's file. */
export function commandsWithPhone(rider: Command) {
  return (name: string, description: string): Command =>
    rider
      .command(name)
      .description(description)
      .option('--phone <file>', "the phone's file", 'phone.json');
}

/** @throws Fault if the file is a phone already, or settlement's address is none. */
export function requireNewPhone(of: PhoneOption & { settlement: string }): void {
  if (existsSync(of.phone)) {
    throw new Fault('CONFLICT', `${of.phone} is a phone already; choose another file`);
  }
  if (!URL.canParse(of.settlement)) {
    throw new Fault('REQUEST_INVALID', `${of.settlement} is not a URL`);
  }
}

export async function openSession(file: string) {
  const phone = readPhone(file);
  const client = createPhoneClient(phone.settlementUrl, keyOf(phone), phone);
  return { client, session: await client.openSession(phone), phone };
}

export function keyOf(phone: PhoneFile): SigningKey {
  return keyFromJwk(phone.key);
}

/** Draws a text in the terminal, to be held before a camera. */
export async function printQr(text: string): Promise<void> {
  const { drawInTerminal, drawQr } = await import('@stile/hardware/picture/draw.ts');
  print(drawInTerminal(await drawQr(text, 1)));
}

/** Draws a text as a QR picture. */
export async function drawPng(text: string, { file }: { file: string }): Promise<void> {
  const { drawQr, encodePng } = await import('@stile/hardware/picture/draw.ts');
  const png = encodePng(await drawQr(text));
  try {
    writeFileSync(file, png);
  } catch (error) {
    throw new Fault('STORE_FAILED', `cannot write the picture: ${describeError(error)}`, {
      cause: error,
    });
  }
}
