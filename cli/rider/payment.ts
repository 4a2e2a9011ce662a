/** `stile rider seed`, `payment-code` and `online-code`: what a phone needs to pay with a network at the till. */
import { systemClock, wallS } from '@stile/host/clock.ts';
import { readPhone, writePhone } from '@stile/phone/phone-file.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';
import {
  otpOfTimeStep,
  SEED_BYTES,
  timeStepAt,
  writePaymentCode,
} from '@stile/protocol/payment-code.ts';
import { type Command, InvalidArgumentError } from 'commander';
import { commandsWithPhone, drawPng, openSession, type PhoneOption } from '../phone.ts';
import { instant, print, printJson, secondsOf, wholeNumber } from '../terminal.ts';

export function addPaymentCodeCommands(rider: Command): void {
  const withPhone = commandsWithPhone(rider);
  withPhone('seed', 'fetch a seed for payment codes, store it, confirm it').action(fetchSeed);
  rider
    .command('payment-code')
    .description('make a payment code, offline, and print its 20 digits')
    .option('--phone <file>', "the phone's file with its seed", 'phone.json')
    .option('--seed <hex>', 'instead of a phone: 32 bytes as 64 hexadecimal digits', seedBytes)
    .option('--handle <digits>', 'with --seed: 8 digits', handleDigits)
    .option('--at <instant>', "the phone's clock (ISO 8601; default: now)", instant)
    .option('--png <file>', 'also draw it as a QR picture')
    .action(paymentCode);
  withPhone('online-code', 'fetch a one-time code from settlement and print it')
    .option('--amount <cents>', 'the most that it shall pay', wholeNumber(1, AMOUNT_CENTS_MAX))
    .action(onlineCode);
}

type PaymentCodeOptions = PhoneOption & {
  seed?: Uint8Array;
  handle?: string;
  at?: number;
  png?: string;
};

async function paymentCode(options: PaymentCodeOptions): Promise<void> {
  const { handle, secret } = seedOf(options);
  const atS = secondsOf(options.at) ?? wallS(systemClock);
  const text = writePaymentCode({ handle, otp: otpOfTimeStep(secret, timeStepAt(atS)) });
  if (options.png !== undefined) await drawPng(text, { file: options.png });
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
  const { client, session, phone } = await openSession(options.phone);
  const seed = await client.fetchSeed(session, phone);
  writePhone(options.phone, { ...readPhone(options.phone), seed });
  await client.confirmSeed(session, seed.handle);
  printJson({ phone: options.phone, handle: seed.handle, expiresAtS: seed.expiresAtS });
}

async function onlineCode(options: PhoneOption & { amount?: number }): Promise<void> {
  const { client, session, phone } = await openSession(options.phone);
  const { text } = await client.fetchOnlineCode(session, { ...phone, amountCents: options.amount });
  print(`${text}\n`);
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
