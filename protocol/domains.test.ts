/** No domain begins another, each ends in a zero byte, and none is written anywhere else. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { DOMAINS } from './domains.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const texts = Object.values(DOMAINS).map((bytes) => Buffer.from(bytes).toString('latin1'));

test('each ends in a zero byte, and none begins another', () => {
  for (const text of texts) expect(text).toMatch(/^[A-Za-z0-9-]+\0$/);
  for (const text of texts) {
    expect(texts.filter((other) => other.startsWith(text))).toEqual([text]);
  }
});

test('the README names those that cross the wire', () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  const {
    token,
    onlineCode,
    seed,
    keyPair,
    keyProbe,
    recoveryCode,
    recoveryQuickKey,
    challengeKey,
    ...wire
  } = DOMAINS;
  for (const bytes of Object.values(wire)) {
    const name = Buffer.from(bytes).toString('latin1').slice(0, -1);
    expect(readme).toContain(`\`${name}\\0\``);
  }
});

test('product code writes them in domains.ts only', () => {
  const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx'], { cwd: ROOT })
    .toString()
    .split('\n')
    .filter((file) => file !== '' && !/\.(test|contract)\.tsx?$|(^|\/)testing\//.test(file));
  const domain = /['`](Stile-[a-z-]+|TC1-[a-z]+|S[GD]L1-[a-z]+)\\0/;
  const writers = files.filter((file) => domain.test(readFileSync(`${ROOT}/${file}`, 'utf8')));
  expect(writers).toEqual(['protocol/domains.ts']);
});
