/** What a deny look-up costs by the length of the list, measured in turns on the gate's own file format. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { buildDenyFile, openDenyFile } from '@stile/gate/shell/store/deny-file.ts';
import { EMPTY_SET_DIGEST } from '@stile/protocol/deny-list.ts';
import { denyBody, ISSUER } from './riders.ts';
import { median } from './statistics.ts';

const ROUNDS = 7;
const LOOKUPS_PER_ROUND = 4_000;

export type DenyReport = { entries: number; buildS: number; us: number }[];

export async function measureDenyLookup(
  folder: string,
  { sizes, say }: { sizes: readonly number[]; say: (text: string) => void },
): Promise<DenyReport> {
  const files = [];
  for (const entries of sizes) {
    say(`building a deny list of ${entries.toLocaleString('en')} entries`);
    const file = join(folder, `deny-${entries}.db`);
    const head = {
      version: 1,
      count: entries,
      setDigest: EMPTY_SET_DIGEST,
      idsDigest: EMPTY_SET_DIGEST,
      salt: null,
    };
    const from = performance.now();
    await buildDenyFile(file, { head, body: denyBody(entries), pause: async () => undefined });
    const buildS = (performance.now() - from) / 1000;
    files.push({ entries, buildS, deny: openDenyFile(file), rounds: [] as number[] });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { deny, rounds } of files) {
      const accounts = Array.from({ length: LOOKUPS_PER_ROUND }, () =>
        randomBytes(8).toString('hex'),
      );
      const from = performance.now();
      for (const account of accounts) deny.isDenied({ issuer: ISSUER, account, serial: 1 });
      rounds.push(((performance.now() - from) * 1000) / LOOKUPS_PER_ROUND);
    }
  }
  return files.map(({ entries, buildS, deny, rounds }) => {
    deny.close();
    return { entries, buildS, us: median(rounds) };
  });
}
