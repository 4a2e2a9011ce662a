/** `stile settlement add-operator …`: who works here, with which role, and what they did. */
import type { Command } from 'commander';
import { clientOf, operateOn, type Target } from './operator-client.ts';
import { printJson, wholeNumber } from './terminal.ts';

export function addStaffCommands(settlement: Command): void {
  const operate = operateOn(settlement);
  operate('add-operator', 'name an operator, or give one another role and token; printed this once')
    .requiredOption('--name <name>', "the person's, as the log of acts has it")
    .option('--role <role>', 'READER looks, OPERATOR changes, ADMIN names operators', 'OPERATOR')
    .action(async (options: Target & { name: string; role: string }) => {
      const { name, role } = options;
      const body = { name, role };
      printJson(await clientOf(options).call('POST', 'v1/operator/operators', { body }));
    });
  operate('operators', 'all operators').action(async (target: Target) => {
    printJson(await clientOf(target).call('GET', 'v1/operator/operators'));
  });
  operate('end-operator', "end an operator's access")
    .argument('<name>')
    .action(async (name: string, target: Target) => {
      const path = `v1/operator/operators/${encodeURIComponent(name)}`;
      await clientOf(target).call('DELETE', path);
      printJson({ name, ended: true });
    });
  operate('rotate-token', 'another token for whose token this is; printed this once').action(
    async (target: Target) => {
      printJson(await clientOf(target).call('POST', 'v1/operator/token', { body: {} }));
    },
  );
  operate('acts', 'what operators did, in order')
    .option('--after <number>', 'continue after this act', wholeNumber(0, 2 ** 53 - 1), 0)
    .option('--limit <number>', 'at most so many', wholeNumber(1, 500), 100)
    .action(async (options: Target & { after: number; limit: number }) => {
      const { after, limit } = options;
      const query = new URLSearchParams({ after: String(after), limit: String(limit) });
      printJson(await clientOf(options).call('GET', `v1/operator/acts?${query}`));
    });
}
