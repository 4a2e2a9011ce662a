/** `stile settlement parked …`: records that wait for a person, and how a person ends that. */
import type { Resolved } from '@stile/protocol/http/parked-api.ts';
import type { Command } from 'commander';
import { clientOf, operateOn, type Target } from './operator-client.ts';
import { printJson, wholeNumber } from './terminal.ts';

const PATH = 'v1/operator/parked';

type Word = { gate: string; epoch: string; seq?: number; hash?: string; note: string };

/** `how` null: judged again, which decides nothing. */
const WAYS = [
  ['replay-parked', null, 'judge parked records again, by what is known now'],
  ['adopt-parked', 'ADOPT', 'take what lies beside a log as rides, and charge them'],
  ['accept-pass', 'ACCEPT', 'let passes count that were given out and lost with a backup'],
  ['write-off', 'WRITE_OFF', 'nobody pays: what it would have cost is a loss, for ever'],
] as const;

export function addParkedCommands(settlement: Command): void {
  const operate = operateOn(settlement);
  operate('parked', 'records that wait for a person, with what is offered for each')
    .option('--resolved', 'what was decided instead: how, by whom, when and why')
    .option('--after <number>', 'of decisions: behind this one', wholeNumber(0, 2 ** 53 - 1), 0)
    .action(async ({ resolved, after, ...target }: Target & { resolved?: true; after: number }) => {
      const path = resolved === true ? `${PATH}/resolutions?after=${after}` : PATH;
      printJson(await clientOf(target).call('GET', path));
    });
  for (const [name, how, description] of WAYS) {
    operate(name, description)
      .requiredOption('--gate <id>', 'as "settlement parked" shows it')
      .requiredOption('--epoch <epoch>', 'all of this epoch of the gate, or with --seq one number')
      .requiredOption('--note <text>', 'why, for those who read it later')
      .option('--seq <number>', 'only what is parked at this number', wholeNumber(1, 2 ** 53 - 1))
      .option('--hash <hex>', 'with --seq: only this of several')
      .action(async ({ gate, epoch, seq, hash, note, ...target }: Target & Word) => {
        const word = { gate, epoch, note, ...(seq && { seq }), ...(hash && { hash }) };
        printJson(await resolveAll(target, { ...word, ...(how && { how }) }));
      });
  }
}

/** A request resolves a bounded number; this goes on until none is left. */
async function resolveAll(target: Target, word: object): Promise<Resolved> {
  const path = 'how' in word ? `${PATH}/resolutions` : `${PATH}/replays`;
  const client = clientOf(target);
  const all: Resolved = { resolved: 0, already: 0, refused: [], nextSeq: null };
  let fromSeq = 0;
  for (;;) {
    const body = fromSeq === 0 ? word : { ...word, fromSeq };
    const { nextSeq, ...one } = (await client.call('POST', path, { body })) as Resolved;
    all.resolved += one.resolved;
    all.already += one.already;
    all.refused.push(...one.refused);
    // More at one number than a request takes, none of which ends by it.
    if (nextSeq === null || nextSeq === fromSeq) return { ...all, nextSeq };
    fromSeq = nextSeq;
  }
}
