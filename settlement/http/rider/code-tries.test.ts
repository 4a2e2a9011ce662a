/** What a code costs that somebody sends: nothing if it begins like none that is stored, else one slow hash. */
import { systemRandom } from '@stile/host/random.ts';
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { writeRecoveryCode } from '@stile/protocol/recovery-code.ts';
import type { FastifyReply } from 'fastify';
import { expect, test } from 'vitest';
import { createRecoveryCodes } from '../../keys/recovery-codes.ts';
import { keyedHashOf } from '../../store/book-key.ts';
import { createAllowanceOf } from '../allowance.ts';
import { Refusal } from '../refusal.ts';
import { createCodeTries } from './code-tries.ts';

const reply = { header: () => reply } as unknown as FastifyReply;

function openTries(match: (quickHash: string) => { isKnown: boolean; hasOlder: boolean }) {
  const random = systemRandom;
  const codes = createRecoveryCodes({ keyedHash: keyedHashOf(new Uint8Array(32)), random });
  const hashed: string[] = [];
  const clock = createMovedClock({ wallMs: 0, monoMs: 0 });
  const codeTries = createCodeTries({
    store: { matchCode: async (quickHash) => match(quickHash) },
    config: { recovery: { triesPerMinute: 60 } },
    clock,
    allowanceOf: createAllowanceOf(clock, null),
    recoveryCodes: {
      ...codes,
      slowHash: async (code) => {
        hashed.push(code);
        return `hash of ${code}`;
      },
    },
  });
  const send = async (text: string) => {
    try {
      return await codeTries.hashOf(text, { by: '192.0.2.1', reply });
    } catch (error) {
      return error instanceof Refusal ? error.code : 'bug';
    }
  };
  return { codes, hashed, send };
}

const madeUp = (seed: number) => writeRecoveryCode(new Uint8Array(15).fill(seed));

test('what is made up costs no slow hash, however many come; what is stored costs one', async () => {
  const { codes, hashed, send } = openTries((quickHash) => ({
    isKnown: quickHash === known,
    hasOlder: false,
  }));
  const known = codes.quickHash(madeUp(7).replaceAll('-', ''));
  for (let seed = 10; seed < 60; seed += 1) {
    expect(await send(madeUp(seed))).toBe('RECOVERY_REFUSED');
  }
  expect(await send('junk')).toBe('RECOVERY_REFUSED');
  expect(hashed).toEqual([]);
  const plain = madeUp(7).replaceAll('-', '');
  expect(await send(madeUp(7).toLowerCase())).toBe(`hash of ${plain}`);
  expect(hashed).toEqual([plain]);
});

test('while there are codes from before, whatever looks right is tried', async () => {
  const { hashed, send } = openTries(() => ({ isKnown: false, hasOlder: true }));
  const plain = madeUp(7).replaceAll('-', '');
  expect(await send(madeUp(7))).toBe(`hash of ${plain}`);
  expect(hashed).toEqual([plain]);
});
