/** `stile settlement add-merchant …`: shops, and the payment codes of phones. */
import type { Command } from 'commander';
import { clientOf, operateOn, type Target } from './operator-client.ts';
import { confirm, printJson } from './terminal.ts';

type MerchantToAdd = Target & { merchant: string; name: string; yes?: boolean };
type Merchant = { merchant: string; name: string; blockedAtMs: number | null };

async function addMerchant({ merchant, name, yes, ...target }: MerchantToAdd): Promise<void> {
  const client = clientOf(target);
  const merchants = (await client.call('GET', 'v1/operator/merchants')) as Merchant[];
  const known = merchants.find((one) => one.merchant === merchant);
  if (known !== undefined) {
    const renamed = known.name === name ? '' : ` It is called ${name} from now on.`;
    const unblocked =
      known.blockedAtMs === null ? '' : ' It is blocked, and would take money again.';
    await confirm(
      `${merchant} (${known.name}) is there: new tokens end those that its tills and its manager have.${renamed}${unblocked}`,
      { isYes: yes === true },
    );
  }
  printJson(await client.call('POST', 'v1/operator/merchants', { body: { merchant, name } }));
}

export function addMerchantCommands(settlement: Command): void {
  const operate = operateOn(settlement);
  operate('add-merchant', 'let a shop take payments; prints its token, this once')
    .requiredOption('--merchant <id>', 'lower-case letters, digits and -')
    .requiredOption('--name <name>', 'as riders see it')
    .option('--yes', 'replace the tokens of a shop that is there without a question')
    .action(addMerchant);
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
