/** What `./scripts/test` says of what it lacks, on machines that have little. */
import { spawnSync } from 'node:child_process';
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { expect, test } from 'vitest';

const SETUP = fileURLToPath(new URL('setup.sh', import.meta.url));

/** Nothing is in the PATH but these, which do nothing; `id` says who runs it. */
function say(programs: readonly string[], { user = '1000' }: { user?: string } = {}) {
  const bin = scratchDir();
  for (const program of programs) {
    writeFileSync(join(bin, program), '#!/bin/sh\n');
    chmodSync(join(bin, program), 0o755);
  }
  writeFileSync(join(bin, 'id'), `#!/bin/sh\necho ${user}\n`);
  chmodSync(join(bin, 'id'), 0o755);
  symlinkSync('/bin/sh', join(bin, 'sh'));
  const script = '. "$1"; stile_say_missing; echo begun';
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', script, 'sh', SETUP], {
    env: { PATH: bin },
    encoding: 'utf8',
  });
  return { begun: stdout === 'begun\n', said: stderr };
}

const PROGRAMS = ['chromium', 'initdb', 'redis-server'];

test('what is missing is said before anything begins, with what it takes', () => {
  const { begun, said } = say([...PROGRAMS, 'apt-get'], { user: '0' });
  expect(begun).toBe(true);
  expect(said).toBe(
    'stile: the tests need firefox-esr, which is missing here: it is installed with apt-get, as root.\n',
  );
});

test('without root, or without apt-get, it ends there and says what to do', () => {
  const noRoot = say([...PROGRAMS, 'apt-get']);
  expect(noRoot.begun).toBe(false);
  expect(noRoot.said).toMatch(
    /needs root, which you are not\. As root: apt-get install firefox-esr\n/,
  );
  const noApt = say(PROGRAMS, { user: '0' });
  expect(noApt.begun).toBe(false);
  expect(noApt.said).toMatch(/no apt-get to get it with\. Install it, then start again\.\n/);
  expect(say([...PROGRAMS, 'apt-get', 'sudo']).begun).toBe(true);
});

test('where both browsers are, whichever they are, nothing is said', () => {
  expect(say([...PROGRAMS, 'firefox'])).toEqual({ begun: true, said: '' });
  expect(say(['google-chrome', 'firefox-esr', 'initdb', 'redis-server']).said).toBe('');
});
