/** What a device signs to prove that it holds its key. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from './bytes.ts';
import { type ProofPurpose, proofMessage } from './proof.ts';

const PURPOSES: ProofPurpose[] = [
  'enrol-rider',
  'open-session',
  'renew-pass',
  'make-recovery-code',
  'make-phone-code',
  'block-phone',
  'make-payment-seed',
  'make-online-code',
  'confirm-order',
  'enrol-gate',
  'spend-gate-token',
];

test('the message is spelled as §9 says', () => {
  expect(
    Buffer.from(
      proofMessage('renew-pass', { challenge: 'c1', subject: '0123456789abcdef/42' }),
    ).toString(),
  ).toBe('Stile-proof\0renew-pass\0c1\x000123456789abcdef/42');
});

test('another purpose, challenge or subject is another message', () => {
  const challenge = fc.string().filter((text) => !text.includes('\0'));
  const anyProof = fc.tuple(fc.constantFrom(...PURPOSES), challenge, fc.string());
  fc.assert(
    fc.property(anyProof, anyProof, (a, b) => {
      const same = a.every((part, at) => part === b[at]);
      const [first, second] = [a, b].map(([purpose, asked, subject]) =>
        toHex(proofMessage(purpose, { challenge: asked, subject })),
      );
      expect(first === second).toBe(same);
    }),
    { numRuns: 500 },
  );
});
