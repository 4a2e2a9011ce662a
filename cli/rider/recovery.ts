/** `stile rider recovery-code`, `recover`, `block`: a phone that may be lost, and one that takes its place. */
import { callJson } from '@stile/host/http-client.ts';
import { refusePlainHttp } from '@stile/host/plain-http.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { accountSchema, blockedSchema } from '@stile/protocol/http/rider-api.ts';
import { readRecoveryCode } from '@stile/protocol/recovery-code.ts';
import { type Command, InvalidArgumentError } from 'commander';
import { commandsWithPhone, openSession, type PhoneOption } from '../phone.ts';
import { oneOf, printJson, wholeNumber } from '../terminal.ts';
import { makePhone, type NewPhoneOptions } from './new-phone.ts';

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

type RecoverOptions = NewPhoneOptions & { code: string; account?: string };

async function recover(options: RecoverOptions): Promise<void> {
  requireCode(options.code);
  const recovered = await makePhone(options, (client) => client.recover(options));
  const { account, serial, recoveryCode } = recovered;
  const next = recoveryCode === null ? {} : { recoveryCode: recoveryCode.code };
  printJson({ phone: options.phone, account, serial, ...next });
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
