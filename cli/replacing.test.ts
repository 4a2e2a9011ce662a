/** What an operator adds twice replaces something: the command says what, and does it only if that is meant. */
import { expect, test } from 'vitest';
import { useSettlement } from './testing/rig.ts';

const { operate, tryTo } = useSettlement({});

const KIOSK = ['add-merchant', '--merchant', 'kiosk', '--name', 'Kiosk'];

test('a gate gets no line that has no fare: it would open for everybody', async () => {
  const refused = await tryTo(['add-gate', '--gate', 'g1', '--line', 'M1']);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain('stile settlement set-fare M1');
  await operate(['set-fare', 'M1', '--fare', '2.50']);
  expect(await operate(['add-gate', '--gate', 'g1', '--line', 'M1'])).toHaveProperty('token');
  const mistyped = await tryTo(['add-gate', '--gate', 'g1', '--line', 'Ml']);
  expect(mistyped.stderr).toContain('there is no line Ml');
  // A token alone replaces nothing yet: no box has enrolled with it.
  expect(await operate(['add-gate', '--gate', 'g1', '--line', 'M1'])).toHaveProperty('token');
});

test('a second shop of a name is the same shop: its tokens end only after a yes', async () => {
  const first = await operate<{ token: string }>(KIOSK);
  const refused = await tryTo(KIOSK);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toMatch(/end those that its tills and its manager have.*--yes/);
  const second = await operate<{ token: string }>([...KIOSK, '--yes']);
  expect(second.token).not.toBe(first.token);
  await operate(['block-merchant', 'kiosk']);
  const renamed = await tryTo(['add-merchant', '--merchant', 'kiosk', '--name', 'Booth']);
  expect(renamed.stderr).toMatch(/called Booth.*is blocked/);
});
