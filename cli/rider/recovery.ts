/** `stile rider recovery-code`, `recover`, `block`: a phone that may be lost, and one that takes its place. */
import { generateKey } from '@stile/crypto/sign.ts';
import { callJson } from '@stile/host/http-client.ts';
import { refusePlainHttp } from '@stile/host/plain-http.ts';
import { createPhoneClient } from '@stile/phone/client.ts';
import { writePhone } from '@stile/phone/phone-file.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { accountSchema, blockedSchema } from '@stile/protocol/http/rider-api.ts';
import { readRecoveryCode } from '@stile/protocol/recovery-code.ts';
import type { Algorithm } from '@stile/protocol/signature.ts';
import { type Command, InvalidArgumentError } from 'commander';
import { commandsWithPhone, openSession, type PhoneOption, requireNewPhone } from '../phone.ts';
import { oneOf, printJson, wholeNumber } from '../terminal.ts';

/** Behind a response that is not heard. */
const TRIES_MAX = 3;
const MEANT = 'the account that is meant: a code of another one does nothing';
const PLAIN = 'speak http to another machine: anybody on the way can read it';

export function addRecoveryCommands(rider: Command): void {
  const withPhone = commandsWithPhone(rider);
  withPhone(
    'recovery-code',
    'a new recovery code, printed this once: write it down, then confirm it',
  ).action(async (options: PhoneOption) => {
    const { client, session, phone } = await openSession(options.phone);
    printJson(await client.fetchRecoveryCode(session, phone));
  });
  withPhone('confirm-recovery-code', 'the new recovery code is written down: the one before ends')
    .requiredOption('--code <code>', 'the new recovery code')
    .action(async (options: PhoneOption & { code: string }) => {
      requireCode(options.code);
      const { client, session } = await openSession(options.phone);
      await client.confirmRecoveryCode(session, options.code);
      printJson({ confirmed: true });
    });
  withPhone('phone-code', 'a code with which a second phone joins this account').action(
    async (options: PhoneOption) => {
      const { client, session, phone } = await openSession(options.phone);
      printJson(await client.fetchPhoneCode(session, phone));
    },
  );
  withPhone('recover', 'a new phone takes the account of a code over; the one before is blocked')
    .requiredOption('--settlement <url>', 'where settlement is')
    .requiredOption('--code <code>', 'recovery code, or what the operator or another phone gave')
    .option('--account <id>', MEANT, accountId)
    .option('--plain-http', PLAIN)
    .option('--algorithm <name>', 'Ed25519 or P-256', oneOf(['Ed25519', 'P-256']), 'P-256')
    .action(recover);
  withPhone('block', 'a phone is lost: block it, with the recovery code or from another phone')
    .option('--settlement <url>', 'with --code: where settlement is')
    .option('--code <code>', 'recovery code: blocks all phones of its account')
    .option('--account <id>', MEANT, accountId)
    .option('--serial <number>', 'from this phone: the other one', wholeNumber(1, 0xffffffff))
    .option('--plain-http', PLAIN)
    .action(block);
}

type RecoverOptions = PhoneOption & {
  settlement: string;
  code: string;
  account?: string;
  algorithm: Algorithm;
  plainHttp?: boolean;
};

async function recover(options: RecoverOptions): Promise<void> {
  requireNewPhone(options);
  requireCode(options.code);
  const key = generateKey(options.algorithm);
  const client = createPhoneClient(options.settlement, key, options);
  const { account, serial, pass, recoveryCode } = await recoverAsOne(client, options);
  writePhone(options.phone, {
    stile: 'phone/1',
    settlementUrl: options.settlement,
    ...(options.plainHttp === true ? { plainHttp: true } : {}),
    key: { ...key.privateJwk, crv: key.algorithm },
    account,
    serial,
    pass,
    counter: 0,
  });
  const next = recoveryCode === null ? {} : { recoveryCode: recoveryCode.code };
  printJson({ phone: options.phone, account, serial, ...next });
}

/** A response that is lost took the code with it, unless the same key asks again. */
async function recoverAsOne(
  client: ReturnType<typeof createPhoneClient>,
  { code, account }: Pick<RecoverOptions, 'code' | 'account'>,
) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await client.recover({ code, account });
    } catch (error) {
      const isLost = error instanceof Fault && error.code === 'UPLINK_UNREACHABLE';
      if (!isLost || tries === TRIES_MAX) throw error;
    }
  }
}

type BlockOptions = PhoneOption & {
  settlement?: string;
  code?: string;
  account?: string;
  serial?: number;
  plainHttp?: boolean;
};

async function block(options: BlockOptions): Promise<void> {
  const { settlement, code, account, serial, plainHttp } = options;
  if (serial !== undefined && code === undefined) {
    const { client, session, phone } = await openSession(options.phone);
    await client.blockPass(session, { ...phone, blocked: serial });
    printJson({ serial, blocked: true });
    return;
  }
  if (code === undefined || settlement === undefined || serial !== undefined) {
    throw new Fault('REQUEST_INVALID', 'either --serial, or --code with --settlement');
  }
  requireCode(code);
  refusePlainHttp(settlement, { isAllowed: plainHttp === true, setting: '--plain-http' });
  const body = { code, ...(account === undefined ? {} : { account }) };
  printJson(blockedSchema.parse(await callJson(settlement, 'v1/blocks', { body })));
}

function accountId(text: string): string {
  if (!accountSchema.safeParse(text).success) {
    throw new InvalidArgumentError('It must be 16 hexadecimal digits.');
  }
  return text;
}

function requireCode(code: string): void {
  if (readRecoveryCode(code) !== undefined) return;
  throw new Fault('REQUEST_INVALID', 'this is not a code: compare each character, one is wrong');
}
