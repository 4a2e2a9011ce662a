/** The operator ends what is parked while the copied key is being revoked; and what the audit says of a folder. */
import { stile, stileJson } from './processes.ts';
import type { Check } from './result.ts';
import type { Stage } from './stage.ts';

export type Parked = { gate: string; epoch: string; seq: number; why: string };

/** Nobody pays for a pass that was never given out: a person says so. */
export async function revokeAndWriteOff(stage: Stage, tell: (text: string) => void): Promise<void> {
  const [first] = await stage.operate<Parked[]>('parked');
  if (first === undefined) throw new Error('nothing is parked');
  const { gate, epoch, seq, why } = first;
  const settlement = ['--data', stage.path('settlement'), '--url', stage.settlementUrl];
  const of = ['--gate', gate, '--epoch', epoch, '--seq', String(seq)];
  const [keys] = await Promise.all([
    stileJson<{ keyId: number; status: string }[]>(['keys', 'revoke', '1', ...settlement]),
    stage.operate('write-off', [...of, '--note', 'the key was copied']),
  ]);
  tell(`her ride was parked (${why}), ada owes nothing: it is written off as a loss`);
  tell(`issuer keys: ${keys.map(({ keyId, status }) => `${keyId} ${status}`).join(', ')}`);
}

/** `database`: of the books, if they are not in the folder. */
export async function auditOf(dir: string, database?: string): Promise<Check[]> {
  const place = database === undefined ? [] : ['--database', database];
  const text = await stile(['audit', dir, '--json', ...place]).catch(
    (error: Error) => error.message,
  );
  const found = text.indexOf('{');
  if (found < 0) return [{ name: `audit of ${dir}`, ok: false, detail: text }];
  return (JSON.parse(text.slice(found)) as { checks: Check[] }).checks;
}
