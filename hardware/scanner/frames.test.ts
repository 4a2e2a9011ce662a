/** GM65 frames: as makers publish them, there and back, and found among scanned texts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  crc16,
  createCommandDecoder,
  createReplyDecoder,
  encodeBaud,
  encodeCommand,
  encodeReply,
  READ,
  SAVE_SETTINGS,
  STATUS_CRC_FAILED,
  TRIGGER,
  TRIGGER_ACK,
  WRITE,
} from './frames.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** Cuts bytes into the pieces that a list of lengths gives. */
function chunks(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  pieces.push(bytes.subarray(at));
  return pieces;
}

describe('frames as makers publish them', () => {
  test.each([
    ['save to flash', hex(SAVE_SETTINGS), '7e000901000000dec8'],
    ['9600 baud', hex(encodeBaud(9_600)), '7e000802002a3901a7ea'],
    ['the data of 115200 baud', hex(encodeBaud(115_200)).slice(0, 16), '7e000802002a1a00'],
    [
      'read the baud rate',
      hex(encodeCommand({ type: READ, address: 0x2a, data: Uint8Array.of(2) })),
      '7e000701002a02d80f',
    ],
    ['trigger', hex(TRIGGER).slice(0, 14), '7e000801000201'],
    ['acknowledgement', hex(TRIGGER_ACK), '02000001003331'],
    [
      'factory reset',
      hex(encodeCommand({ type: 0x09, address: 0, data: Uint8Array.of(2) })),
      '7e000901000002fe8a',
    ],
    [
      'CRC failed',
      hex(encodeReply({ status: STATUS_CRC_FAILED, data: Uint8Array.of(0) })).slice(0, 10),
      '0200010100',
    ],
  ])('%s', (_, made, published) => {
    expect(made).toBe(published);
  });

  test('a whole check value of the CRC', () => {
    expect(crc16(Buffer.from('123456789'))).toBe(0x31c3);
  });
});

test('a command whose CRC says "do not check" is taken', () => {
  const [command] = createCommandDecoder().push(bytesOf('7E 00 08 01 00 02 01 AB CD'));
  expect(command).toEqual({ type: WRITE, address: 2, data: Uint8Array.of(1) });
});

test('a frame whose CRC is wrong is no frame, and the next one is found', () => {
  const decoder = createCommandDecoder();
  expect(decoder.push(bytesOf('7E 00 08 01 00 02 01 AB CE'))).toEqual([]);
  expect(decoder.push(SAVE_SETTINGS)).toHaveLength(1);
});

test('a reply that is cut short by the next one costs itself only', () => {
  const bytes = Buffer.concat([TRIGGER_ACK.subarray(0, 3), TRIGGER_ACK]);
  expect(createReplyDecoder().push(bytes)).toEqual([{ status: 0, data: Uint8Array.of(0) }]);
});

test('heartbeats between commands are passed over', () => {
  const bytes = Buffer.concat([Uint8Array.of(0, 0), TRIGGER, Uint8Array.of(0), TRIGGER]);
  expect(createCommandDecoder().push(bytes)).toHaveLength(2);
});

test('replies are found between scanned texts, in any chunking', () => {
  const reply = fc.record({
    status: fc.constantFrom(0, 1, 3),
    data: fc.uint8Array({ minLength: 1, maxLength: 256 }),
  });
  const text = fc.string({ maxLength: 20, unit: fc.constantFrom(...'TC1:0AZ $%*+-./\r\n') });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, reply), { maxLength: 5 }),
      fc.array(fc.nat(30), { maxLength: 20 }),
      (items, lengths) => {
        const bytes = Buffer.concat(
          items.flatMap(([text, one]) => [Buffer.from(text), encodeReply(one)]),
        );
        const decoder = createReplyDecoder();
        const found = chunks(bytes, lengths).flatMap((chunk) => decoder.push(chunk));
        expect(found).toEqual(items.map(([, { status, data }]) => ({ status, data })));
      },
    ),
  );
});

test('commands survive the way there and back, in any chunking', () => {
  const command = fc.record({
    type: fc.constantFrom(7, 8, 9),
    address: fc.nat(0xffff),
    data: fc.uint8Array({ minLength: 1, maxLength: 256 }),
  });
  fc.assert(
    fc.property(
      fc.array(command, { maxLength: 5 }),
      fc.array(fc.nat(30), { maxLength: 20 }),
      (commands, lengths) => {
        const bytes = Buffer.concat(commands.map(encodeCommand));
        const decoder = createCommandDecoder();
        const found = chunks(bytes, lengths).flatMap((chunk) => decoder.push(chunk));
        expect(found).toEqual(commands);
      },
    ),
  );
});

test('no bytes at all make a decoder throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
      createReplyDecoder().push(bytes);
      createCommandDecoder().push(bytes);
    }),
  );
});
