/** A phone whose enrolment or recovery is not heard: real `stile` processes, and a wire that loses what is said. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDeafWire } from './testing/deaf-wire.ts';
import { told, useSettlement } from './testing/rig.ts';
import { runStile } from './testing/stile.ts';

const { folder, url, at, phone, operate } = useSettlement({ enrolment: { policy: 'invite' } });

async function unheard(name: string, { path, args }: { path: string; args: readonly string[] }) {
  const wire = await openDeafWire(url(), path);
  const ran = await runStile(['rider', ...args, ...at(wire.url), ...phone(name)]);
  wire.close();
  expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/ask again/) });
  expect(wire.lost).toEqual([201, 201, 201]);
  const newKey = join(folder, `${name}.json.new-key`);
  expect(statSync(newKey).mode & 0o777).toBe(0o600);
  expect(existsSync(join(folder, `${name}.json`))).toBe(false);
  return newKey;
}

test('an enrolment or a recovery that was not heard goes on with the same key', async () => {
  const { invite } = await operate<{ invite: string }>(['invite']);
  const enrol = ['enrol', '--invite', invite];
  const newKey = await unheard('ada', { path: '/v1/riders', args: enrol });
  const { key } = JSON.parse(readFileSync(newKey, 'utf8'));
  const ada = await told<{ account: string; serial: number }>([
    'rider',
    ...enrol,
    ...at(),
    ...phone('ada'),
  ]);
  expect(ada.serial).toBe(1);
  expect(existsSync(newKey)).toBe(false);
  expect(JSON.parse(readFileSync(join(folder, 'ada.json'), 'utf8')).key).toEqual(key);
  await told(['rider', 'show', ...phone('ada')]);

  const { code } = await told<{ code: string }>(['rider', 'recovery-code', ...phone('ada')]);
  const recover = ['recover', '--code', code];
  const next = await unheard('next', { path: '/v1/recoveries', args: recover });
  const found = await told(['rider', ...recover, ...at(), ...phone('next')]);
  expect(found).toMatchObject({ account: ada.account, serial: 2 });
  expect(existsSync(next)).toBe(false);
}, 120_000);

test('a refusal to the key of an earlier try says which file that is', async () => {
  const args = ['rider', 'enrol', ...at(), ...phone('eve')];
  const first = await runStile(args);
  expect(first).toMatchObject({ code: 1, stderr: expect.not.stringContaining('new-key') });
  const second = await runStile(args);
  expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('eve.json.new-key') });
}, 120_000);
