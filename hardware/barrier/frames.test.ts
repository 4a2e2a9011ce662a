/** The relay board's frames: as boards publish them, and found again among garbage. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CHANNEL_MAX, createRelayDecoder, encodeRelayFrame } from './frames.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test.each([
  [{ channel: 1, on: true }, 'a00101a2'],
  [{ channel: 1, on: false }, 'a00100a1'],
  [{ channel: 2, on: true }, 'a00201a3'],
  [{ channel: 8, on: false }, 'a00800a8'],
])('%o is %s on the wire', (frame, bytes) => {
  expect(hex(encodeRelayFrame(frame))).toBe(bytes);
});

const frame = fc.record({ channel: fc.integer({ min: 1, max: CHANNEL_MAX }), on: fc.boolean() });
/** Garbage that cannot itself be the beginning of a frame. */
const garbage = fc.array(
  fc.nat(255).filter((byte) => byte !== 0xa0),
  { maxLength: 10 },
);
const cuts = fc.array(fc.nat(7), { maxLength: 30 });

function decode(bytes: Uint8Array, lengths: readonly number[]) {
  const decoder = createRelayDecoder();
  const frames = [];
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    frames.push(...decoder.push(bytes.subarray(at, at + length)));
    at += length;
  }
  return { frames, discarded: decoder.discarded };
}

test('frames are found between garbage in any chunking, and the garbage is counted', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(garbage, frame)), cuts, (items, lengths) => {
      const bytes = Uint8Array.from(
        items.flatMap(([noise, one]) => [...noise, ...encodeRelayFrame(one)]),
      );
      expect(decode(bytes, lengths)).toEqual({
        frames: items.map(([, one]) => one),
        discarded: items.reduce((sum, [noise]) => sum + noise.length, 0),
      });
    }),
  );
});

test('every byte is either part of a frame or counted or still open, whatever comes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), cuts, (bytes, lengths) => {
      const { frames, discarded } = decode(bytes, lengths);
      const open = bytes.length - frames.length * 4 - discarded;
      expect(open).toBeGreaterThanOrEqual(0);
      expect(open).toBeLessThan(4);
    }),
  );
});

test.each([
  ['a wrong sum', 'a00101a3', 4],
  ['a channel that does not exist', 'a00900a9', 4],
  ['a state that does not exist', 'a00102a3', 4],
  ['a frame cut short by the next one', 'a001', 2],
])('%s is no frame, and the frame behind it is found', (_, bytes, discarded) => {
  const all = Buffer.concat([
    Buffer.from(bytes, 'hex'),
    encodeRelayFrame({ channel: 1, on: true }),
  ]);
  expect(decode(all, [])).toEqual({ frames: [{ channel: 1, on: true }], discarded });
});
