/** How an authorisation ends, for every account that a gate can give of it, honest or not. */
import { expect, test } from 'vitest';
import {
  type AuthorisationPayment,
  type AuthorisationRecord,
  judgeAuthorisation,
} from './authorisation.ts';

const PAID: AuthorisationPayment = { amountCents: 250, refundedCents: 0 };

/** Records of one log in a row: `ask`, `open`, `open at N`, `refuse`, `void N` (of the record at N). */
function log(...texts: readonly string[]): AuthorisationRecord[] {
  return texts.map((text, index): AuthorisationRecord => {
    const [word = '', , number] = text.split(' ');
    const place = { id: 100 + index, epochId: 7, seq: index + 1 };
    if (word === 'ask')
      return { ...place, kind: 'ask', verdict: null, ofSeq: null, fareCents: null };
    if (word === 'void') {
      return { ...place, kind: 'void', verdict: null, ofSeq: Number(number), fareCents: null };
    }
    const fareCents = word === 'open' ? Number(number ?? 250) : null;
    return { ...place, kind: 'answer', verdict: word as 'open' | 'refuse', ofSeq: 1, fareCents };
  });
}

const GIVEN_BACK: AuthorisationPayment = { amountCents: 250, refundedCents: 250 };
test.each<[string, AuthorisationRecord[], AuthorisationPayment | null, string[], boolean]>([
  ['no answer yet', log('ask'), PAID, [], false],
  ['opened and paid', log('ask', 'open'), PAID, ['101 PAID'], false],
  ['opened for nothing', log('ask', 'open'), null, ['101 UNPAID'], false],
  ['opened for what was given back', log('ask', 'open'), GIVEN_BACK, ['101 UNPAID'], false],
  ['opened for another fare', log('ask', 'open for 249'), PAID, ['101 OTHER_FARE'], false],
  [
    'a fare of zero that was paid',
    log('ask', 'open for 0'),
    { amountCents: 0, refundedCents: 0 },
    ['101 PAID'],
    false,
  ],
  ['refused', log('ask', 'refuse'), PAID, [], true],
  ['refused, nothing paid', log('ask', 'refuse'), null, [], true],
  ['voided', log('ask', 'open', 'void of 2'), PAID, ['101 VOIDED'], true],
  ['voided and given back', log('ask', 'open', 'void of 2'), GIVEN_BACK, ['101 VOIDED'], true],
  ['a void of the ask itself', log('ask', 'open', 'void of 1'), PAID, ['101 PAID'], false],
  [
    'opened, then refused',
    log('ask', 'open', 'refuse'),
    PAID,
    ['102 EXTRA_ANSWER', '101 PAID'],
    false,
  ],
  ['refused, then opened', log('ask', 'refuse', 'open'), PAID, ['102 EXTRA_ANSWER'], true],
  [
    'opened twice, the second voided',
    log('ask', 'open', 'open', 'void of 3'),
    PAID,
    ['102 EXTRA_ANSWER', '101 PAID'],
    false,
  ],
])('%s', (_name, records, payment, expected, isShut) => {
  const decided = judgeAuthorisation(records, payment);
  expect([...decided.dispositions].map(([id, outcome]) => `${id} ${outcome}`)).toEqual(expected);
  expect(decided.isShut).toBe(isShut);
});
