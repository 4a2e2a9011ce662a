/** `stile audit`: checks a data directory, settlement's or a gate's, and says what it found. */

import { Fault } from '@stile/protocol/fault.ts';
import type { Command } from 'commander';
import { print, printJson } from './terminal.ts';

type Check = { name: string; ok: boolean; detail: string };

export function addAuditCommand(program: Command): void {
  program
    .command('audit')
    .description('check ledger and logs in a data directory; exit code 1 if anything is wrong')
    .argument('<dir>', "settlement's or a gate's data directory")
    .option('--json', 'one JSON object instead of a table')
    .option('--signatures', "settlement: check every tap's signatures again (slow)")
    .action(audit);
}

async function audit(dir: string, options: { json?: boolean; signatures?: boolean }) {
  const { auditGate, isGateDir } = await import('@stile/gate/audit.ts');
  const { auditSettlement, isSettlementDir } = await import('@stile/settlement/audit/audit.ts');
  let checks: readonly Check[];
  if (isGateDir(dir)) checks = auditGate(dir);
  else if (isSettlementDir(dir)) {
    checks = await auditSettlement(dir, { signatures: options.signatures ?? false });
  } else {
    throw new Fault(
      'FILE_UNREADABLE',
      `${dir} is neither settlement's nor a gate's data directory`,
    );
  }
  const ok = checks.every((check) => check.ok);
  if (options.json) printJson({ ok, checks });
  else {
    for (const { name, ok: good, detail } of checks) {
      print(`${good ? 'ok   ' : 'WRONG'} ${name}\n        ${detail.slice(0, 70)}\n`);
    }
  }
  process.exitCode = ok ? 0 : 1;
}
