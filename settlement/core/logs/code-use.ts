/**
 * The name of one code use, the thing that can be charged once: who made the code, under which counter, and
 * when; and of one authorisation, which has its payment already. Text, because it is part of transfer ids and a
 * person reads those.
 */
import { type LogRecord, readRecord } from '@stile/protocol/gate-log.ts';
import { readTransitCode } from '@stile/protocol/transit-code.ts';

/**
 * A counter alone does not name a code: a phone that its owner has changed signs as many under one counter as it
 * likes, each good at another gate. A copy of a code has its time too.
 */
export type CodeUse = {
  issuer: number;
  account: string;
  serial: number;
  counter: number;
  generatedAtS: number;
};

export function useKey(code: CodeUse): string {
  return `${useKeyOfCounter(code)}/${code.generatedAtS}`;
}

/** As an earlier version of settlement named uses. */
export function useKeyOfCounter({ issuer, account, serial, counter }: CodeUse): string {
  return `${issuer}/${account}/${serial}/${counter}`;
}

/** Taps that an earlier version named by their counter, by that name. */
export type OldUses = ReadonlyMap<string, readonly LogRecord[]>;

/** The name under which this code is in the books, or comes into them. */
export function useIn(oldUses: OldUses, code: CodeUse): string {
  const old = useKeyOfCounter(code);
  const records = oldUses.get(old) ?? [];
  const isIn = records.some((record) => generatedAtOf(record) === code.generatedAtS);
  return isIn ? old : useKey(code);
}

function generatedAtOf(record: LogRecord): number | undefined {
  const reading = readRecord(record);
  if (!reading.ok || reading.record.kind !== 'tap' || reading.record.scan === null)
    return undefined;
  const code = readTransitCode(reading.record.scan);
  return code.ok ? code.value.generatedAtS : undefined;
}

/** The name of an authorisation; stored in the field where a tap has its code use. */
export function authorisationKey(gate: string, id: string): string {
  return `ask/${gate}/${id}`;
}

/** Gate and id of an authorisation, or undefined if it is a code use. */
export function readAuthorisationKey(use: string): { gate: string; id: string } | undefined {
  const [kind, gate, id] = use.split('/');
  return kind === 'ask' && gate !== undefined && id !== undefined ? { gate, id } : undefined;
}

/** The account that a use belongs to. */
export function accountOfUse(use: string): string {
  return use.split('/')[1] ?? '';
}
