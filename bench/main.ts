/**
 * `npm run bench`: speed and memory, each beside a floor measured in the same run. These machines are
 * noisy; believe ratios, not milliseconds. Nothing here passes or fails.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres, startRedis } from '@stile/host/private-servers.ts';
import { table } from '@stile/host/text-table.ts';
import { type DenyReport, measureDenyLookup } from './deny-lookup.ts';
import { type GateReport, measureGate } from './gate-latency.ts';
import { type IngestLoad, type IngestReport, measureIngest } from './ingest.ts';
import { measurePayments, type PaymentsReport } from './payments.ts';
import { measurePostings, type PostingsReport } from './postings.ts';
import { benchOperator } from './riders.ts';
import { median, ms, ratio } from './statistics.ts';
import { measureWallet, type WalletReport } from './wallet.ts';

const HELP = `Measures the gate, the deny list and settlement, each beside a floor of the same run.

  npm run bench                      everything; takes many minutes
  npm run bench -- --quick           shorter runs and shorter lists
  npm run bench -- --only gate       gate | deny | ingest | payments | postings | wallet
  npm run bench -- --json FILE       also write the numbers
`;

const PARTS = ['gate', 'deny', 'ingest', 'payments', 'postings', 'wallet'] as const;

type Report = {
  gate?: GateReport;
  deny?: DenyReport;
  ingest?: IngestReport;
  /** One API process and two workers on PostgreSQL and Redis. */
  ingestOnPostgres?: IngestReport;
  payments?: PaymentsReport;
  /** With the books in PostgreSQL. */
  paymentsOnPostgres?: PaymentsReport;
  postings?: PostingsReport;
  wallet?: WalletReport;
};

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function showGate({ latency, steps, readyMs, rssMb }: GateReport, denied: number): void {
  print(`\nLast byte of the code → relay byte, tap durable, ${denied.toLocaleString('en')} denied`);
  const rows = latency.map(({ everyMs, gate, floor, samples }) => [
    `every ${everyMs} ms (${samples})`,
    ms(gate.p50),
    ms(floor.p50),
    ratio(gate.p50 / floor.p50),
    ms(gate.p99),
    ms(floor.p99),
    ratio(gate.p99 / floor.p99),
  ]);
  print(table([['a code …', 'p50', 'floor', 'ratio', 'p99', 'floor', 'ratio'], ...rows]));
  print('\nSteps of a tap inside the gate, median');
  print(table([['step', 'time'], ...Object.entries(steps).map(([step, at]) => [step, ms(at)])]));
  print(`\nReady after start: ${ms(median(readyMs))} (median of ${readyMs.length})`);
  print(`Memory (RSS) after these taps: ${rssMb.toFixed(0)} MB`);
}

function showDeny(report: DenyReport): void {
  print('\nDeny look-up (account and pass), hot');
  const rows = report.map(({ entries, us, buildS }) => [
    entries.toLocaleString('en'),
    `${us.toFixed(1)} µs`,
    ratio(us / (report[0]?.us ?? 1)),
    `${buildS.toFixed(1)} s`,
  ]);
  print(table([['entries', 'look-up', 'ratio', 'build'], ...rows]));
}

function showIngest(who: string, report: IngestReport): void {
  print(`\nIngest: ${who}, over HTTP, charges settled`);
  for (const load of report) showLoad(load);
}

function showLoad(report: IngestLoad): void {
  print(`\n${report.name}`);
  const rows = report.runs.map(({ name, tapsPerS }) => [
    name,
    `${tapsPerS.toFixed(0)} taps/s`,
    ratio(tapsPerS / report.bareTapsPerS),
  ]);
  print(table([['', 'rate', 'of bare'], ...rows]));
  const processes = report.processes.map((of) => [
    of.name,
    ms(of.readyMs),
    `${of.rssMb.toFixed(0)} MB`,
  ]);
  print(table([['', 'ready', 'memory at the end'], ...processes]));
  const { p50, p99, longest, samples } = report.waits;
  print(`\nA small question meanwhile (${samples})`);
  print(
    table([
      ['', 'p50', 'p99', 'longest'],
      ['', ms(p50), ms(p99), ms(longest)],
    ]),
  );
}

function showPayments(books: string, { rounds, ratio: share, besideIngest }: PaymentsReport): void {
  print(
    `\nPayments, books in ${books}: one settlement process, 32 tills over loopback, each durable`,
  );
  const rows = rounds.map(({ barePerS, perS, waits }, index) => [
    `round ${index + 1} (${waits.samples})`,
    `${barePerS.toFixed(0)}/s`,
    `${perS.toFixed(0)}/s`,
    ratio(perS / barePerS),
    ms(waits.p50),
    ms(waits.p99),
  ]);
  print(table([['', 'bare commits', 'payments', 'ratio', 'p50', 'p99'], ...rows]));
  const p99 = median(rounds.map(({ waits }) => waits.p99));
  print(`Medians: ${ratio(share)} the bare commits, p99 ${ms(p99)}`);
  const { waits } = besideIngest;
  print(`\nA payment while two gates send (${waits.samples}, one at a time)`);
  print(
    table([
      ['', 'p50', 'p99', 'longest'],
      ['', ms(waits.p50), ms(waits.p99), ms(waits.longest)],
    ]),
  );
}

function showPostings(report: PostingsReport): void {
  print('\nPostings: transfers a second in the ledger, sealed, durable, 16 at once');
  const rows = report.map(({ database, batch, perS, floorPerS }) => [
    database,
    batch.toLocaleString('en'),
    `${perS.toFixed(0)}/s`,
    `${floorPerS.toFixed(0)}/s`,
    ratio(perS / floorPerS),
  ]);
  print(table([['', 'a posting of', 'transfers', 'bare rows', 'ratio'], ...rows]));
}

function showWallet({ firstLoadBytes, files, coldMs, emptyMs, refreshMs }: WalletReport): void {
  print('\nThe wallet in headless Chromium');
  print(
    table([
      ['', 'p50', 'p99', 'floor'],
      [
        `cold start, no network (${coldMs.samples})`,
        ms(coldMs.p50),
        ms(coldMs.p99),
        ms(emptyMs.p50),
      ],
      [`a fresh code (${refreshMs.samples})`, ms(refreshMs.p50), ms(refreshMs.p99), ''],
    ]),
  );
  print(`First load: ${(firstLoadBytes / 1000).toFixed(1)} kB in ${files} files`);
}

/** On the disk, as the files of the other parts are. */
async function withServers<Result>(
  folder: string,
  measure: (servers: { database: string; redis: string }) => Promise<Result>,
): Promise<Result> {
  const ends: (() => Promise<void>)[] = [];
  const keep = (end: () => Promise<void>) => void ends.push(end);
  const parts = { logDir: folder, keep, isOnDisk: true };
  try {
    const { url: database } = await startPostgres(parts);
    const { url: redis } = await startRedis(parts);
    return await measure({ database, redis });
  } finally {
    for (const end of ends) await end();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  if (values.help) return print(HELP);
  const { quick, only } = values;
  if (only !== undefined && !PARTS.some((part) => part === only)) {
    process.stderr.write(`bench: --only takes ${PARTS.join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  const wants = (part: (typeof PARTS)[number]) => only === undefined || only === part;
  const folder = mkdtempSync(join(tmpdir(), 'stile-bench-'));
  const say = (text: string) => process.stderr.write(`bench: ${text}\n`);
  const report: Report = {};
  print(`${cpus()[0]?.model ?? 'unknown CPU'} × ${cpus().length}, Node ${process.version}`);
  try {
    if (wants('gate')) {
      const deniedCount = quick ? 10_000 : 1_000_000;
      const paces = quick
        ? [{ everyMs: 25, codes: 100, rounds: 2 }]
        : [
            { everyMs: 25, codes: 200, rounds: 6 },
            { everyMs: 1_000, codes: 100, rounds: 1, alternate: true },
          ];
      const operator = benchOperator();
      report.gate = await measureGate({ folder, operator, deniedCount, paces, say });
      showGate(report.gate, deniedCount);
    }
    if (wants('deny')) {
      const sizes = quick ? [10_000, 1_000_000] : [10_000, 1_000_000, 10_000_000];
      report.deny = await measureDenyLookup(folder, { sizes, say });
      showDeny(report.deny);
    }
    if (wants('ingest')) {
      report.ingest = await measureIngest({ folder, batches: quick ? 6 : 20, say });
      showIngest('one settlement process, books in a file', report.ingest);
      report.ingestOnPostgres = await withServers(folder, (servers) =>
        measureIngest({ folder, batches: 6, servers, say }),
      );
      showIngest('one API and two workers on PostgreSQL and Redis', report.ingestOnPostgres);
    }
    if (wants('payments')) {
      const [rounds, perRound, batches] = quick ? [3, 600, 6] : [5, 1_200, 12];
      const how = { folder, rounds, perRound, batches, say };
      report.payments = await measurePayments(how);
      showPayments('a file', report.payments);
      report.paymentsOnPostgres = await withServers(folder, ({ database }) =>
        measurePayments({ ...how, database }),
      );
      showPayments('PostgreSQL', report.paymentsOnPostgres);
    }
    if (wants('postings')) {
      report.postings = await withServers(folder, ({ database: url }) =>
        measurePostings({ folder, url, isQuick: quick, say }),
      );
      showPostings(report.postings);
    }
    if (wants('wallet')) {
      report.wallet = await measureWallet(folder, { rounds: quick ? 5 : 15 });
      showWallet(report.wallet);
    }
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(report, null, 2));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
