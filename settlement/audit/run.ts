/**
 * Shows the rows of a database to checks: every table once, one row at a time, in the order of
 * `AuditRows`. A table that no check takes is not read.
 */
import { describeError } from '@stile/protocol/fault.ts';
import type { AuditCheck, AuditRows, Check, RowKind } from './check.ts';
import type { AuditReader, EpochRow, Rows } from './port.ts';

const REASON_CHARS_MAX = 200;

type Audience = {
  /** Shows one row to whoever takes such rows. */
  show<Kind extends RowKind>(kind: Kind, row: AuditRows[Kind]): void;
  /** Reads a table and shows it, if anybody takes its rows. */
  showAll<Kind extends RowKind>(kind: Kind, read: () => Rows<AuditRows[Kind]>): Promise<void>;
  takes(kinds: readonly RowKind[]): boolean;
};

export async function runChecks(
  reader: AuditReader,
  checks: readonly Check[],
): Promise<readonly AuditCheck[]> {
  const damage = damageOn(reader);
  const audience = audienceOf(checks, damage);
  await damage.survive('files', async () => {
    if (audience.takes(['files'])) audience.show('files', await reader.checkFiles());
  });
  await audience.showAll('lost', async function* () {
    yield await reader.listLost();
  });
  await showMoney(reader, audience);
  await showPayments(reader, audience);
  await showRecords(reader, audience);
  await showLists(reader, audience);
  await damage.survive('epoch', () => showLogs(reader, audience));
  await audience.showAll('bookSeal', () => reader.bookSeal());
  await audience.showAll('settleFacts', () => reader.settleFacts());
  await audience.showAll('work', () => reader.work());
  const results: AuditCheck[] = [];
  for (const check of checks) {
    await damage.survive('check', async () => void results.push(...(await check.results())));
  }
  return [...damage.results(), ...results];
}

/** What could not be read, or not be understood; the rest is read all the same. */
type Damage = {
  survive(what: RowKind | 'check', work: () => Promise<void>): Promise<void>;
  results(): readonly AuditCheck[];
};

function damageOn(reader: AuditReader): Damage {
  const names = new Set<string>();
  const reasons = new Set<string>();
  return {
    survive: async (what, work) => {
      try {
        await work();
      } catch (error) {
        await reader.goOnBehind(error);
        names.add(what);
        reasons.add(describeError(error).replaceAll(/\s+/g, ' ').slice(0, REASON_CHARS_MAX));
      }
    },
    results: () => {
      if (names.size === 0) return [];
      const detail = `restore the backup; not read whole: ${[...names].join(', ')} (${[...reasons].join('; ')})`;
      return [{ name: 'all that is stored can be read', ok: false, detail }];
    },
  };
}

async function showMoney(reader: AuditReader, { showAll }: Audience): Promise<void> {
  await showAll('ledgerAccount', () => reader.ledgerAccounts());
  await showAll('topUp', () => reader.topUps());
  await showAll('denial', () => reader.denials());
  await showAll('approval', () => reader.approvals());
  await showAll('riderAccount', () => reader.riderAccounts());
  await showAll('charge', () => reader.charges());
  await showAll('chargeEvent', () => reader.chargeEvents());
}

async function showPayments(reader: AuditReader, { showAll }: Audience): Promise<void> {
  await showAll('merchant', () => reader.merchants());
  await showAll('order', () => reader.orders());
  await showAll('seed', () => reader.seeds());
  await showAll('spentTimeStep', () => reader.spentTimeSteps());
  await showAll('payment', () => reader.payments());
  await showAll('refusedKey', () => reader.refusedKeys());
  await showAll('transfer', () => reader.transfers());
  await showAll('movedTransfer', () => reader.movedTransfers());
  await showAll('resolution', () => reader.resolutions());
}

async function showRecords(reader: AuditReader, { showAll }: Audience): Promise<void> {
  await showAll('record', () => reader.records());
  await showAll('strayRecord', () => reader.strayRecords());
  await showAll('issuerKey', () => reader.issuerKeys());
  await showAll('code', () => reader.codes());
}

async function showLists(reader: AuditReader, { showAll }: Audience): Promise<void> {
  await showAll('trustList', () => reader.trustLists());
  await showAll('listRules', () => reader.listRules());
  await showAll('cut', () => reader.cuts());
  await showAll('denyVersion', () => reader.denyVersions());
  await showAll('deniedId', () => reader.deniedIds());
}

/** Gate by gate, so that no check has to remember more than one gate's. */
async function showLogs(reader: AuditReader, audience: Audience): Promise<void> {
  const { show, showAll, takes } = audience;
  if (!takes(['gate', 'gatePayment', 'epoch', 'batch', 'logRecord', 'epochEnd', 'gateEnd'])) return;
  for (const epochs of await readEpochs(reader)) {
    const gate = epochs[0]?.gate ?? '';
    show('gate', { gate });
    await showAll('gatePayment', () => reader.gatePayments(gate));
    for (const epoch of epochs) {
      show('epoch', epoch);
      await showAll('batch', () => reader.batches(epoch.id));
      await showAll('strayRecordOf', () => reader.strayRecordsOf(epoch.id));
      await showAll('logRecord', () => reader.log(epoch.id));
      show('epochEnd', epoch);
    }
    show('gateEnd', { gate });
  }
}

/** Of each gate its epochs. */
async function readEpochs(reader: AuditReader): Promise<Iterable<readonly EpochRow[]>> {
  const byGate = new Map<string, EpochRow[]>();
  for await (const page of reader.epochs()) {
    for (const epoch of page) {
      const epochs = byGate.get(epoch.gate) ?? [];
      epochs.push(epoch);
      byGate.set(epoch.gate, epochs);
    }
  }
  return byGate.values();
}

function audienceOf(checks: readonly Check[], damage: Damage): Audience {
  type Take<Kind extends RowKind> = (row: AuditRows[Kind]) => void;
  const takersOf = <Kind extends RowKind>(kind: Kind): readonly Take<Kind>[] =>
    checks.flatMap((check) => (check[kind] as Take<Kind> | undefined) ?? []);
  return {
    show: (kind, row) => {
      for (const take of takersOf(kind)) take(row);
    },
    showAll: async (kind, read) => {
      const takers = takersOf(kind);
      if (takers.length === 0) return;
      await damage.survive(kind, async () => {
        for await (const page of read()) {
          for (const row of page) for (const take of takers) take(row);
        }
      });
    },
    takes: (kinds) => kinds.some((kind) => takersOf(kind).length > 0),
  };
}
