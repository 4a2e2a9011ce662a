/**
 * `stile rider`: a scripted phone. Enrolling, topping up and renewing need settlement; making a code
 * needs nothing but the phone's own file. A counter is on disk before its code is printed.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { generateKey, keyFromJwk } from '@stile/crypto/sign.ts';
import { createPhoneClient } from '@stile/phone/client.ts';
import { makeTransitCode } from '@stile/phone/code.ts';
import { type PhoneFile, readPhone, writePhone } from '@stile/phone/phone-file.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { assert, describeError, Fault } from '@stile/protocol/fault.ts';
import {
  otpOfTimeStep,
  SEED_BYTES,
  timeStepAt,
  writePaymentCode,
} from '@stile/protocol/payment-code.ts';
import type { Algorithm } from '@stile/protocol/signature.ts';
import { type Command, InvalidArgumentError } from 'commander';
import { instant, oneOf, print, printJson, wholeNumber } from './terminal.ts';

/** What one top-up may bring, as settlement has it too. */
const TOP_UP_CENTS_MAX = 1_000_000;

type PhoneOption = { phone: string };

export function addRiderCommand(program: Command): void {
  const rider = program
    .command('rider')
    .description("a rider's phone as a script: enrol, top up, make codes");
  const withPhone = (name: string, description: string) =>
    rider
      .command(name)
      .description(description)
      .option('--phone <file>', "the phone's file", 'phone.json');

  withPhone('enrol', 'make a key, prove it, get an account and a pass')
    .requiredOption('--settlement <url>', 'where settlement is')
    .option('--algorithm <name>', 'Ed25519 or P-256', oneOf(['Ed25519', 'P-256']), 'P-256')
    .action(enrol);
  withPhone('top-up', 'pay money in with the sandbox provider')
    .argument('<cents>', 'amount in minor units', wholeNumber(1, TOP_UP_CENTS_MAX))
    .option('--key <id>', 'idempotency key; the same key pays once')
    .action(topUp);
  withPhone('show', 'print account, balance, debt and whether it is denied').action(show);
  withPhone('renew', 'fetch a fresh pass').action(renew);
  withPhone('code', 'make a transit code, offline, and print its text')
    .option('--at <instant>', "the phone's clock (ISO 8601; default: now)", instant)
    .option('--png <file>', 'also draw it as a QR picture')
    .option('--flags <number>', 'entry/exit hint', wholeNumber(0, 255), 0)
    .action(code);
  withPhone('seed', 'fetch a seed for payment codes, store it, confirm it').action(fetchSeed);
  addPaymentCode(rider);
  withPhone('online-code', 'fetch a one-time code from settlement and print it').action(onlineCode);
}

function addPaymentCode(rider: Command): void {
  rider
    .command('payment-code')
    .description('make a payment code, offline, and print its 18 digits')
    .option('--phone <file>', "the phone's file with its seed", 'phone.json')
    .option('--seed <hex>', 'instead of a phone: 32 bytes as 64 hexadecimal digits', seedBytes)
    .option('--handle <digits>', 'with --seed: 8 digits', handleDigits)
    .option('--at <instant>', "the phone's clock (ISO 8601; default: now)", instant)
    .option('--png <file>', 'also draw it as a QR picture')
    .action(paymentCode);
}

async function enrol(options: PhoneOption & { settlement: string; algorithm: Algorithm }) {
  if (existsSync(options.phone)) {
    throw new Fault('CONFLICT', `${options.phone} is a phone already; choose another file`);
  }
  if (!URL.canParse(options.settlement)) {
    throw new Fault('REQUEST_INVALID', `${options.settlement} is not a URL`);
  }
  const key = generateKey(options.algorithm);
  const enrolled = await createPhoneClient(options.settlement, key).enrol();
  const { account, serial, pass } = enrolled;
  writePhone(options.phone, {
    stile: 'phone/1',
    settlementUrl: options.settlement,
    key: { ...key.privateJwk, crv: key.algorithm },
    account,
    serial,
    pass,
    counter: 0,
  });
  printJson({ phone: options.phone, account, serial });
}

async function topUp(cents: number, options: PhoneOption & { key?: string }) {
  const { client, session } = await openSession(options.phone);
  await client.topUp(session, cents, options.key ?? randomUUID());
  printJson(await client.readRider(session));
}

async function show(options: PhoneOption) {
  const { client, session } = await openSession(options.phone);
  printJson(await client.readRider(session));
}

async function renew(options: PhoneOption) {
  const phone = readPhone(options.phone);
  const client = createPhoneClient(phone.settlementUrl, keyOf(phone));
  const pass = await client.renewPass(phone.account, phone.serial);
  writePhone(options.phone, { ...phone, pass });
  printJson({ phone: options.phone, account: phone.account, renewed: true });
}

async function code(options: PhoneOption & { at?: number; png?: string; flags: number }) {
  const phone = readPhone(options.phone);
  const next = { ...phone, counter: phone.counter + 1 };
  writePhone(options.phone, next);
  const pass = fromHex(next.pass);
  assert(pass !== undefined, 'the phone file was checked');
  const generatedAtS = Math.floor((options.at ?? Date.now()) / 1000);
  const fresh = { generatedAtS, counter: next.counter, flags: options.flags };
  const text = makeTransitCode(pass, { fresh, sign: keyOf(next).sign });
  if (options.png !== undefined) await drawPng(options.png, text);
  print(`${text}\n`);
}

type PaymentCodeOptions = PhoneOption & {
  seed?: Uint8Array;
  handle?: string;
  at?: number;
  png?: string;
};

async function paymentCode(options: PaymentCodeOptions): Promise<void> {
  const { handle, secret } = seedOf(options);
  const atS = Math.floor((options.at ?? Date.now()) / 1000);
  const text = writePaymentCode({ handle, otp: otpOfTimeStep(secret, timeStepAt(atS)) });
  if (options.png !== undefined) await drawPng(options.png, text);
  print(`${text}\n`);
}

function seedOf(options: PaymentCodeOptions): { handle: string; secret: Uint8Array } {
  if (options.seed !== undefined || options.handle !== undefined) {
    const { seed: secret, handle } = options;
    if (secret === undefined || handle === undefined) {
      throw new Fault('REQUEST_INVALID', '--seed and --handle belong together');
    }
    return { handle, secret };
  }
  const { seed } = readPhone(options.phone);
  const secret = fromHex(seed?.seed ?? '', SEED_BYTES);
  if (seed === undefined || secret === undefined) {
    throw new Fault('FILE_UNREADABLE', `${options.phone} has no seed: "stile rider seed" gets one`);
  }
  return { handle: seed.handle, secret };
}

/** On disk before it is confirmed: settlement ends the seed before it then. */
async function fetchSeed(options: PhoneOption): Promise<void> {
  const { client, session } = await openSession(options.phone);
  const seed = await client.fetchSeed(session);
  writePhone(options.phone, { ...readPhone(options.phone), seed });
  await client.confirmSeed(session, seed.handle);
  printJson({ phone: options.phone, handle: seed.handle, expiresAtS: seed.expiresAtS });
}

async function onlineCode(options: PhoneOption): Promise<void> {
  const { client, session } = await openSession(options.phone);
  print(`${(await client.fetchOnlineCode(session)).text}\n`);
}

function seedBytes(text: string): Uint8Array {
  const seed = fromHex(text.toLowerCase(), SEED_BYTES);
  if (seed === undefined) throw new InvalidArgumentError('32 bytes as 64 hexadecimal digits');
  return seed;
}

function handleDigits(text: string): string {
  if (!/^\d{8}$/.test(text)) throw new InvalidArgumentError('8 digits');
  return text;
}

async function drawPng(file: string, text: string): Promise<void> {
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

async function openSession(file: string) {
  const phone = readPhone(file);
  const client = createPhoneClient(phone.settlementUrl, keyOf(phone));
  return { client, session: await client.openSession(phone.account, phone.serial) };
}

function keyOf(phone: PhoneFile) {
  return keyFromJwk(phone.key);
}
