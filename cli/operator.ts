/** `stile settlement add-gate …`: what an operator does with a settlement that runs. */
import { Fault } from '@stile/protocol/fault.ts';
import type { GateView, LineView, RetriedWork } from '@stile/protocol/http/operator-api.ts';
import { type Command, InvalidArgumentError } from 'commander';
import { minorOf, readCurrency } from './money/amount.ts';
import { clientOf, operateOn, type Target } from './operator-client.ts';
import { addParkedCommands } from './parked.ts';
import { confirm, oneOf, printJson, sayError, wholeNumber } from './terminal.ts';

type GateToAdd = Target & { gate: string; line: string; yes?: boolean };

const kindOfInvite = oneOf(['invite', 'deposit', 'verified']);

export function addOperatorCommands(settlement: Command): void {
  const operate = operateOn(settlement);
  addWorkCommands(settlement);
  addInvites(operate);
  addMoves(operate);
  addParkedCommands(settlement);
  operate('add-gate', 'announce a gate; prints the one-time token for its enrolment')
    .requiredOption('--gate <id>', 'letters, digits, - and _')
    .requiredOption('--line <line>', 'the line whose fare it takes; "set-fare" makes one')
    .option('--yes', 'replace the gate of this id without a question')
    .action(addGate);
  operate(
    'revoke-gate',
    'a gate or its key is lost or stolen: nothing that it sends counts any more',
  )
    .argument('<gate>')
    .option('--replaced', 'only keys that were replaced; the gate that stands there goes on')
    .action(async (gate: string, options: Target & { replaced?: boolean }) => {
      const body = { replacedOnly: options.replaced === true };
      const path = `v1/operator/gates/${encodeURIComponent(gate)}/revocation`;
      printJson(await clientOf(options).call('POST', path, { body }));
    });
  operate('gates', 'what is known of each gate').action(async (target: Target) => {
    printJson(await clientOf(target).call('GET', 'v1/operator/gates'));
  });
  operate('set-fare', 'set the flat fare of a line')
    .argument('<line>')
    .requiredOption('--fare <amount>', 'such as 2.50, in the currency of settlement')
    .option('--from <unix-s>', 'in force from then on', wholeNumber(0, 0xffffffff))
    .action(async (line: string, options: Target & { fare: string; from?: number }) => {
      const { fare, from, ...target } = options;
      const client = clientOf(target);
      const currency = await readCurrency(target.url);
      const fareCents = minorOf(fare, { option: '--fare', currency, isZeroGood: true });
      const body = { fareCents, ...(from === undefined ? {} : { fromS: from }) };
      const path = `v1/operator/lines/${encodeURIComponent(line)}`;
      printJson(await client.call('PUT', path, { body }));
    });
  for (const [name, method, description] of [
    ['deny', 'POST', 'put an account (or one of its passes) onto the deny list'],
    ['allow', 'DELETE', 'take back what "deny" did'],
  ] as const) {
    operate(name, description)
      .argument('<account>', '16 hexadecimal digits')
      .option('--serial <number>', 'only this pass', wholeNumber(1, 0xffffffff))
      .option('--note <text>', 'why', 'denied by the operator')
      .action(async (account: string, options: Target & { serial?: number; note: string }) => {
        const { serial, note } = options;
        const body = {
          account,
          ...(serial === undefined ? {} : { serial }),
          ...(method === 'POST' ? { note } : {}),
        };
        printJson(await clientOf(options).call(method, 'v1/operator/denials', { body }));
      });
  }
  addListCommands(operate);
  operate('account', 'money, debts and passes of one account')
    .argument('<account>')
    .action(async (account: string, target: Target) => {
      const path = `v1/operator/accounts/${encodeURIComponent(account)}`;
      printJson(await clientOf(target).call('GET', path));
    });
  operate('taps', 'records as they arrived, with what became of them')
    .option('--gate <id>', 'only of this gate')
    .option('--after <number>', 'continue after this record', wholeNumber(0, 2 ** 53 - 1), 0)
    .option('--limit <number>', 'at most so many', wholeNumber(1, 500), 100)
    .action(async (options: Target & { gate?: string; after: number; limit: number }) => {
      const { gate, after, limit } = options;
      const query = new URLSearchParams({ after: String(after), limit: String(limit) });
      if (gate !== undefined) query.set('gate', gate);
      printJson(await clientOf(options).call('GET', `v1/operator/taps?${query}`));
    });
  operate('trial-balance', 'all ledger accounts, and whether debits equal credits').action(
    async (target: Target) => {
      printJson(await clientOf(target).call('GET', 'v1/operator/trial-balance'));
    },
  );
}

async function addGate({ gate, line, yes, ...target }: GateToAdd): Promise<void> {
  const client = clientOf(target);
  const path = `v1/operator/lines/${encodeURIComponent(line)}`;
  const { fares } = (await client.call('GET', path)) as LineView;
  // With no fare there is nothing to take: the gate would open for everybody.
  if (fares.length === 0) {
    throw new Fault(
      'NOT_FOUND',
      `there is no line ${line}: set its fare first (stile settlement set-fare ${line} --fare 2.50), or see how it is written`,
    );
  }
  const gates = (await client.call('GET', 'v1/operator/gates')) as GateView[];
  const known = gates.find((one) => one.gate === gate && one.enrolledAtMs !== null);
  if (known !== undefined) {
    const elsewhere =
      known.line === line ? '' : `, and moves it from line ${known.line} to ${line}`;
    const since = new Date(known.enrolledAtMs ?? 0).toISOString().slice(0, 10);
    await confirm(
      `Gate ${gate} is enrolled since ${since}. A box that enrols with the new token takes its place${elsewhere}.`,
      { isYes: yes === true },
    );
  }
  printJson(await client.call('POST', 'v1/operator/gates', { body: { gate, line } }));
}

function addListCommands(operate: ReturnType<typeof operateOn>): void {
  operate(
    'lists',
    'the lists in force, what is held back, and whether the clock is believed',
  ).action(async (target: Target) => {
    printJson(await clientOf(target).call('GET', 'v1/operator/lists'));
  });
  operate('force-list', 'vouch for one version of the deny list, however much it differs')
    .argument('<version>', 'as "settlement lists" shows it', wholeNumber(1, 2 ** 53 - 1))
    .action(async (denyVersion: number, target: Target) => {
      const body = { denyVersion };
      printJson(await clientOf(target).call('POST', 'v1/operator/lists/force', { body }));
    });
  operate('confirm-time', "say that settlement's clock is right, by the time from elsewhere")
    .argument('<time>', 'now, as 2026-03-02T08:00Z', instantS)
    .action(async (nowS: number, target: Target) => {
      printJson(await clientOf(target).call('POST', 'v1/operator/clock', { body: { nowS } }));
    });
}

/** An instant with its zone: without one it would be read by this machine's. */
function instantS(text: string): number {
  const ms = /(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('an instant such as 2026-03-02T08:00Z');
  return Math.floor(ms / 1000);
}

function addWorkCommands(settlement: Command): void {
  const operate = operateOn(settlement);
  operate('failed-work', 'work that fails, with why and when it is tried next').action(
    async (target: Target) => {
      printJson(await clientOf(target).call('GET', 'v1/operator/failed-work'));
    },
  );
  operate('retry-work', 'try failed work again at once, one or all of it')
    .argument('[id]', 'as failed-work shows it', wholeNumber(1, 2 ** 53 - 1))
    .action(async (id: number | undefined, target: Target) => {
      const body = id === undefined ? {} : { id };
      const path = 'v1/operator/failed-work/retries';
      const answer = (await clientOf(target).call('POST', path, { body })) as RetriedWork;
      printJson(answer);
      if (id !== undefined && answer.retried === 0) {
        sayError(`no work ${id} fails: it was done, or there was none of this number\n`);
      }
    });
}

function addMoves(operate: ReturnType<typeof operateOn>): void {
  operate('move-account', 'a code with which a new phone takes an account over; printed this once')
    .argument('<account>', '16 hexadecimal digits')
    .requiredOption('--note <text>', 'how you know that the account is theirs')
    .action(async (account: string, options: Target & { note: string }) => {
      const path = `v1/operator/accounts/${encodeURIComponent(account)}/move-code`;
      const body = { note: options.note };
      printJson(await clientOf(options).call('POST', path, { body }));
    });
  operate('approvals', 'moves that a second operator has to confirm').action(
    async (target: Target) => {
      printJson(await clientOf(target).call('GET', 'v1/operator/approvals'));
    },
  );
  operate('approve', 'confirm what another operator has asked for')
    .argument('<id>', 'as "settlement approvals" shows it', wholeNumber(1, 2 ** 53 - 1))
    .action(async (id: number, target: Target) => {
      await clientOf(target).call('POST', `v1/operator/approvals/${id}`, { body: {} });
      printJson({ approval: id, approved: true });
    });
}

function addInvites(operate: ReturnType<typeof operateOn>): void {
  operate('invite', 'a one-time invitation for a rider to enrol; printed this once')
    .option('--kind <kind>', 'invite, deposit or verified: what you know of them', kindOfInvite)
    .option('--person <name>', 'any stable name of who it is for; accounts keep a hash of it')
    .action(async (options: Target & { kind?: string; person?: string }) => {
      const { kind, person } = options;
      const body = {
        ...(kind === undefined ? {} : { kind }),
        ...(person === undefined ? {} : { person }),
      };
      printJson(await clientOf(options).call('POST', 'v1/operator/invites', { body }));
    });
}
