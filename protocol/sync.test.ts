/** The reply to a batch takes every ruling and reason that there is. */
import { expect, test } from 'vitest';
import { batchReplySchema, RULING_REASONS, RULINGS } from './sync.ts';

const reply = {
  gate: 'harbour-1',
  epoch: '00112233445566ff',
  ackSeq: 3,
  items: [
    { seq: 1, ruling: 'accepted' },
    { seq: 2, ruling: 'parked', reason: 'UNREADABLE' },
  ],
  trustVersion: 4,
  denyVersion: 9,
};

test('a reply with any ruling and any reason is taken', () => {
  expect(batchReplySchema.parse(reply)).toEqual(reply);
  const items = RULINGS.flatMap((ruling) =>
    RULING_REASONS.map((reason) => ({ seq: 1, ruling, reason })),
  );
  expect(batchReplySchema.parse({ ...reply, items, ackSeq: 0 }).items).toEqual(items);
});

test.each<[string, object]>([
  ['a negative watermark', { ackSeq: -1 }],
  ['a watermark that is no safe integer', { ackSeq: 2 ** 53 }],
  ['no watermark', { ackSeq: undefined }],
  ['an item of seq 0', { items: [{ seq: 0, ruling: 'accepted' }] }],
  ['a ruling of its own', { items: [{ seq: 1, ruling: 'fine' }] }],
  ['a reason of its own', { items: [{ seq: 1, ruling: 'parked', reason: 'TIRED' }] }],
  ['a field more', { extra: 1 }],
  ['a gate that is a path', { gate: '../harbour' }],
  ['an upper-case epoch', { epoch: '00112233445566FF' }],
])('a reply with %s is refused', (_what, change) => {
  expect(batchReplySchema.safeParse({ ...reply, ...change }).success).toBe(false);
});
