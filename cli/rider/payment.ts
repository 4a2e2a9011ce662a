/** `stile rider seed`, `payment-code`, `online-code`, `order` and `pay-order`: paying with a network at the till. */
import { systemClock, wallS } from '@stile/host/clock.ts';
import { readPhone, writePhone } from '@stile/phone/phone-file.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { amountText } from '@stile/protocol/money/amount.ts';
import { orderIdSchema } from '@stile/protocol/payment.ts';
import { SEED_BYTES } from '@stile/protocol/payment-code.ts';
import { type Command, InvalidArgumentError } from 'commander';
import { minorOf, readCurrency } from '../money/amount.ts';
import { commandsWithPhone, drawPng, openSession, type PhoneOption, printQr } from '../phone.ts';
import { instant, print, printJson, secondsOf } from '../terminal.ts';
import { makePaymentText, type PaymentSeed, readPaymentSeed } from './make-code.ts';

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
    .option('--qr', 'also draw it in the terminal')
    .action(paymentCode);
  withPhone('online-code', 'fetch a one-time code from settlement and print it')
    .option('--at-most <amount>', 'the most that it shall pay, such as 12.50')
    .action(onlineCode);
  withPhone('order', 'what an order of a shop asks for, to be looked at before it is paid')
    .argument('<order>', 'its link, or what stands behind the last / of it', orderOf)
    .action(showOrder);
  withPhone('pay-order', 'pay an order, if it is still what was looked at')
    .argument('<order>', 'its link, or what stands behind the last / of it', orderOf)
    .requiredOption('--amount <amount>', 'the amount that `order` showed, such as 12.50')
    .requiredOption('--payee <name>', 'the merchantName that `order` showed')
    .action(payOrder);
}

type PaymentCodeOptions = PhoneOption & {
  seed?: Uint8Array;
  handle?: string;
  at?: number;
  png?: string;
  qr?: boolean;
};

async function paymentCode(options: PaymentCodeOptions): Promise<void> {
  const atS = secondsOf(options.at) ?? wallS(systemClock);
  const text = makePaymentText(seedOf(options), atS);
  if (options.png !== undefined) await drawPng(text, { file: options.png });
  if (options.qr) await printQr(text);
  print(`${text}\n`);
}

function seedOf(options: PaymentCodeOptions): PaymentSeed {
  if (options.seed !== undefined || options.handle !== undefined) {
    const { seed: secret, handle } = options;
    if (secret === undefined || handle === undefined) {
      throw new Fault('REQUEST_INVALID', '--seed and --handle belong together');
    }
    return { handle, secret };
  }
  return readPaymentSeed(options.phone);
}

/** On disk before it is confirmed: settlement ends the seed before it then. */
async function fetchSeed(options: PhoneOption): Promise<void> {
  const { client, session, phone } = await openSession(options.phone);
  const seed = await client.fetchSeed(session, phone);
  writePhone(options.phone, { ...readPhone(options.phone), seed });
  await client.confirmSeed(session, seed.handle);
  printJson({ phone: options.phone, handle: seed.handle, expiresAtS: seed.expiresAtS });
}

async function onlineCode({ phone: file, atMost }: PhoneOption & { atMost?: string }) {
  const { client, session, phone } = await openSession(file);
  const amountCents =
    atMost === undefined
      ? undefined
      : minorOf(atMost, {
          option: '--at-most',
          currency: await readCurrency(phone.settlementUrl),
        });
  const { text } = await client.fetchOnlineCode(session, { ...phone, amountCents });
  print(`${text}\n`);
}

async function showOrder(order: string, options: PhoneOption): Promise<void> {
  const { client, session } = await openSession(options.phone);
  const offer = await client.readOrder(session, order);
  // Besides what programs read: as `pay-order` takes it.
  printJson({ ...offer, amount: amountText(offer.amountCents, offer.currency) });
}

type PayOrderOptions = PhoneOption & { amount: string; payee: string };

async function payOrder(order: string, options: PayOrderOptions): Promise<void> {
  const { client, session, phone } = await openSession(options.phone);
  const { account, serial, settlementUrl } = phone;
  const currency = await readCurrency(settlementUrl);
  const amountCents = minorOf(options.amount, { option: '--amount', currency });
  const shown = { order, amountCents, merchantName: options.payee };
  printJson(await client.confirmOrder(session, { account, serial, ...shown }));
}

function orderOf(text: string): string {
  const order = orderIdSchema.safeParse(text.slice(text.lastIndexOf('/') + 1));
  if (!order.success) throw new InvalidArgumentError('the link of an order, or its 22 characters');
  return order.data;
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
