/**
 * `stile rider`: a scripted phone. Enrolling, topping up and renewing need settlement; making a code
 * needs nothing but the phone's own file. A counter is on disk before its code is printed.
 */
import { randomUUID } from 'node:crypto';
import { systemClock, wallS } from '@stile/host/clock.ts';
import { createPhoneClient } from '@stile/phone/client.ts';
import { readPhone, writePhone } from '@stile/phone/phone-file.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { TOP_UP_CENTS_MAX } from '@stile/protocol/http/rider-api.ts';
import { readSignedPass } from '@stile/protocol/transit-code.ts';
import type { Command } from 'commander';
import { minorOf, readCurrency } from '../money/amount.ts';
import {
  commandsWithPhone,
  drawPng,
  keyOf,
  openSession,
  type PhoneOption,
  printQr,
} from '../phone.ts';
import { instant, oneOf, print, printJson, sayKey, secondsOf, wholeNumber } from '../terminal.ts';
import { makeTransitText } from './make-code.ts';
import { makePhone, type NewPhoneOptions } from './new-phone.ts';
import { addPaymentCodeCommands } from './payment.ts';
import { addRecoveryCommands } from './recovery.ts';

export function addRiderCommand(program: Command): void {
  const rider = program
    .command('rider')
    .description("a rider's phone as a script: enrol, top up, make codes");
  const withPhone = commandsWithPhone(rider);

  withPhone('enrol', 'make a key, prove it, get an account and a pass')
    .requiredOption('--settlement <url>', 'where settlement is')
    .option('--invite <code>', 'what the operator gave you, if they enrol by invitation')
    .option('--plain-http', 'speak http to another machine: anybody on the way can read it')
    .option('--algorithm <name>', 'Ed25519 or P-256', oneOf(['Ed25519', 'P-256']), 'P-256')
    .action(enrol);
  withPhone('top-up', 'pay money in; `renew` fetches the pass that it allows')
    .requiredOption('--amount <amount>', 'such as 10.00, in the currency of settlement')
    .option('--key <id>', 'idempotency key; the same key pays once')
    .action(topUp);
  withPhone(
    'show',
    'print account, balance, debt, whether it is denied, and whether gates refuse the pass',
  ).action(show);
  withPhone('renew', 'fetch a fresh pass').action(renew);
  withPhone('code', 'make a transit code, offline, and print its text')
    .option('--at <instant>', "the phone's clock (ISO 8601; default: now)", instant)
    .option('--png <file>', 'also draw it as a QR picture')
    .option('--qr', 'also draw it in the terminal')
    .option('--flags <number>', 'entry/exit hint', wholeNumber(0, 255), 0)
    .action(code);
  addPaymentCodeCommands(rider);
  addRecoveryCommands(rider);
}

async function enrol(options: NewPhoneOptions & { invite?: string }) {
  const { account, serial } = await makePhone(options, (client) => client.enrol(options.invite));
  printJson({ phone: options.phone, account, serial });
}

async function topUp(options: PhoneOption & { amount: string; key?: string }) {
  const { client, session, phone } = await openSession(options.phone);
  const currency = await readCurrency(phone.settlementUrl);
  const terms = { option: '--amount', currency, minorMax: TOP_UP_CENTS_MAX };
  const amountCents = minorOf(options.amount, terms);
  const idempotencyKey = options.key ?? randomUUID();
  // Before it is asked: whoever hears nothing can ask again with the same one.
  if (options.key === undefined) sayKey(idempotencyKey);
  await client.topUp(session, { amountCents, idempotencyKey });
  printJson(await client.readRider(session));
}

async function show(options: PhoneOption) {
  const { client, session, phone } = await openSession(options.phone);
  const account = await client.readRider(session);
  const reading = readSignedPass(fromHex(phone.pass) ?? new Uint8Array());
  const passRevoked =
    reading.ok && account.revokedIssuerKeys.includes(reading.value.pass.issuerKeyId);
  printJson({ ...account, passRevoked });
}

async function renew(options: PhoneOption) {
  const phone = readPhone(options.phone);
  const client = createPhoneClient(phone.settlementUrl, keyOf(phone), phone);
  const pass = await client.renewPass(phone);
  // Read again: a code may have been made meanwhile, and its counter stands.
  writePhone(options.phone, { ...readPhone(options.phone), pass });
  printJson({ phone: options.phone, account: phone.account, renewed: true });
}

async function code(
  options: PhoneOption & { at?: number; png?: string; qr?: boolean; flags: number },
) {
  const { flags, phone } = options;
  const text = makeTransitText(phone, { atS: secondsOf(options.at) ?? wallS(systemClock), flags });
  if (options.png !== undefined) await drawPng(text, { file: options.png });
  if (options.qr) await printQr(text);
  print(`${text}\n`);
}
