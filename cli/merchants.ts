/** `stile settlement add-merchant …`: shops, and the payment codes of phones. */
import type { Command } from 'commander';
import { clientOf, operateOn, type Target } from './operator-client.ts';
import { printJson } from './terminal.ts';

export function addMerchantCommands(settlement: Command): void {
  const operate = operateOn(settlement);
  operate('add-merchant', 'let a shop take payments; prints its token, this once')
    .requiredOption('--merchant <id>', 'lower-case letters, digits and -')
    .requiredOption('--name <name>', 'as riders see it')
    .action(async (options: Target & { merchant: string; name: string }) => {
      const { merchant, name } = options;
      printJson(
        await clientOf(options).call('POST', 'v1/operator/merchants', { body: { merchant, name } }),
      );
    });
  operate('merchants', 'all shops').action(async (target: Target) => {
    printJson(await clientOf(target).call('GET', 'v1/operator/merchants'));
  });
  operate('block-merchant', "end a shop's token")
    .argument('<merchant>')
    .action(async (merchant: string, target: Target) => {
      const path = `v1/operator/merchants/${encodeURIComponent(merchant)}`;
      await clientOf(target).call('DELETE', path);
      printJson({ merchant, blocked: true });
    });
  operate(
    'revoke-seeds',
    "end the payment codes that an account's phones hold; for a lost phone: deny --serial",
  )
    .argument('<account>')
    .action(async (account: string, target: Target) => {
      const path = `v1/operator/accounts/${encodeURIComponent(account)}/payment-seeds`;
      printJson(await clientOf(target).call('DELETE', path));
    });
}
