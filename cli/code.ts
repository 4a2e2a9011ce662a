/** `stile code`: what there is to do with transit codes. The work is in inspect.ts, loaded when it runs. */
import { systemClock } from '@stile/host/clock.ts';
import type { Command } from 'commander';
import type { InspectOptions } from './inspect.ts';
import { instant, wholeNumber } from './terminal.ts';

export function addCodeCommand(program: Command): void {
  const code = program.command('code').description('look at transit codes');
  code
    .command('inspect')
    .description('judge one code as a gate would, and print one JSON object')
    .argument('[text]', 'the code, or - for standard input', '-')
    .option('--at <instant>', 'judge as of this instant (ISO 8601; default: now)', instant)
    .option('--trust <file>', 'the trust list that settlement publishes (/v1/trust-list)')
    .option('--root <x>', "operator's root key (JWK x) that the trust list must be signed with")
    .option('--deny <file>', "a gate's deny file (deny-*.db)")
    .option('--scope <number>', 'refuse passes of another scope', wholeNumber(0, 0xffff))
    .option('--line <line>', "judge the ceiling against this line's fare")
    .addHelpText(
      'after',
      '\nExit code 0 whenever the code could be judged, whatever the verdict.\nWithout --trust no issuer is known, so no code can open.',
    )
    .action(async (text: string, options: InspectOptions) => {
      const { inspect } = await import('./inspect.ts');
      await inspect(text, { ...options, nowMs: systemClock.now().wallMs });
    });
}
