/** `stile audit`: checks a data directory, settlement's or a gate's, and says what it found. */

import { readFileSync } from 'node:fs';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import type { Command } from 'commander';
import { print, printJson } from './terminal.ts';
import { databaseOption } from './worker.ts';

type Check = { name: string; ok: boolean; detail: string; findings?: readonly string[] };
type AuditOptions = { json?: boolean; signatures?: boolean; known?: string; database?: string };

export function addAuditCommand(program: Command): void {
  program
    .command('audit')
    .description('check ledger and logs in a data directory; exit code 1 if anything is wrong')
    .argument('<dir>', "settlement's or a gate's data directory")
    .addOption(databaseOption())
    .option('--json', 'one JSON object instead of a table')
    .option('--known <file>', 'findings about gates that somebody has looked at, one a line')
    .option('--signatures', "settlement: check every tap's signatures again (slow)")
    .action(audit);
}

async function audit(dir: string, options: AuditOptions) {
  const { auditGate, isGateDir } = await import('@stile/gate/audit.ts');
  const { auditSettlement, isSettlementDir } = await import('@stile/settlement/audit/audit.ts');
  let checks: readonly Check[];
  if (isGateDir(dir)) checks = auditGate(dir);
  else if (isSettlementDir(dir)) {
    const { signatures = false, database } = options;
    checks = await auditSettlement(dir, { signatures, database });
  } else {
    throw new Fault(
      'FILE_UNREADABLE',
      `${dir} is neither settlement's nor a gate's data directory`,
    );
  }
  const known = options.known === undefined ? new Set<string>() : readKnown(options.known);
  checks = checks.map((check) => withoutKnown(check, known));
  const ok = checks.every((check) => check.ok);
  if (options.json) printJson({ ok, checks });
  else {
    for (const { name, ok: good, detail, findings } of checks) {
      print(`${good ? 'ok   ' : 'WRONG'} ${name}\n        ${detail.slice(0, 70)}\n`);
      if (good) continue;
      for (const finding of findings ?? []) print(`        ${finding}\n`);
    }
  }
  process.exitCode = ok ? 0 : 1;
}

/** A finding a line; what stands behind `#` is for people: who looked at it, when, and why it is well. */
function readKnown(file: string): ReadonlySet<string> {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    return new Set(lines.map((line) => line.split('#')[0]?.trim() ?? ''));
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `cannot read ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
}

function withoutKnown(check: Check, known: ReadonlySet<string>): Check {
  if (check.ok || check.findings === undefined) return check;
  const findings = check.findings.filter((finding) => !known.has(finding));
  if (findings.length > 0) return { ...check, findings };
  return { ...check, ok: true, detail: `${check.findings.length} known`, findings };
}
