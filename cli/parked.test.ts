/** Parked records from the command line: real `stile` processes before a real settlement; more of them than a request takes. */
import type { ResolutionView } from '@stile/protocol/http/parked-api.ts';
import { ScriptedTown, START_MS } from '@stile/settlement/testing/town.ts';
import { expect, test } from 'vitest';
import { runStile } from './testing/stile.ts';

/** One request resolves 100. */
const RECORDS = 130;

test('one command ends all that is parked of an epoch, and says what was decided', async () => {
  const town = await ScriptedTown.open();
  try {
    const gate = await town.addGate('g1', 'M1');
    for (let count = 0; count <= RECORDS; count += 1) gate.note(START_MS);
    await town.send(gate, { fromSeq: 2 });
    const target = ['--data', town.dataDir, '--url', town.settlement.url];
    const stile = async (args: readonly string[]) => {
      const { code, stdout, stderr } = await runStile(['settlement', ...args, ...target]);
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
      return JSON.parse(stdout) as unknown;
    };
    const of = ['--gate', 'g1', '--epoch', gate.epoch, '--note', 'its card burnt'];
    const none = { already: 0, refused: [], nextSeq: null };
    expect(await stile(['replay-parked', ...of, '--seq', '2'])).toEqual({ resolved: 1, ...none });
    expect(await stile(['write-off', ...of])).toEqual({ resolved: RECORDS, ...none });
    expect(await stile(['parked'])).toEqual([]);
    const decided = (await stile(['parked', '--resolved'])) as ResolutionView[];
    expect(decided).toHaveLength(RECORDS + 1);
    expect(decided[0]).toMatchObject({ by: 'root', how: 'REPLAY', note: 'its card burnt' });
    const again = await runStile(['settlement', 'adopt-parked', ...of, '--seq', '2', ...target]);
    expect(again.code).not.toBe(0);
    expect(again.stderr).toMatch(/another way/);
  } finally {
    await town.close();
  }
});
