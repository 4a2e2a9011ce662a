/**
 * GM65-type scanner modules: their commands and replies as bytes (hardware/README.md §2). A command is
 * `7E 00 | type | length | address | data… | crc`, a reply `02 00 | status | length | data… | crc`; the
 * CRC is CRC-16/XMODEM over type (or status) to data. What a gate writes is in settings.ts.
 */

const CRC_POLYNOMIAL = 0x1021;
/** Baud register: 3,000,000 / baud, little-endian. */
const BAUD_CLOCK = 3_000_000;
/** In place of a CRC: "do not check". */
const CRC_UNCHECKED = 0xabcd;
const COMMAND_HEAD = 0x7e;
/** Head (2), type, length, address (2), CRC (2). */
const COMMAND_FIXED_BYTES = 8;
const REPLY_HEAD = 0x02;
/** Head (2), status, length, CRC (2). */
const REPLY_FIXED_BYTES = 6;
/** A length of 0 stands for this many. */
const DATA_BYTES_MAX = 256;

export const READ = 0x07;
export const WRITE = 0x08;
export const SAVE = 0x09;

export const STATUS_OK = 0x00;
export const STATUS_CRC_FAILED = 0x01;
export const STATUS_INVALID = 0x03;

export const BAUD_REGISTER = 0x002a;
/** What modules come with. */
export const FACTORY_BAUD = 9_600;

export type Command = { type: number; address: number; data: Uint8Array };
export type Reply = { status: number; data: Uint8Array };

/** CRC-16/XMODEM: polynomial 0x1021, initial value 0, no reflection. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 0x8000 ? ((crc << 1) ^ CRC_POLYNOMIAL) & 0xffff : (crc << 1) & 0xffff;
    }
  }
  return crc;
}

/** One command frame. READ takes one data byte: how many registers to read. */
export function encodeCommand({ type, address, data }: Command): Uint8Array {
  const body = Uint8Array.of(type, data.length & 0xff, address >> 8, address & 0xff, ...data);
  return frame(COMMAND_HEAD, body);
}

export function encodeReply({ status, data }: Reply): Uint8Array {
  return frame(REPLY_HEAD, Uint8Array.of(status, data.length & 0xff, ...data));
}

function frame(head: number, body: Uint8Array): Uint8Array {
  const crc = crc16(body);
  return Uint8Array.of(head, 0x00, ...body, crc >> 8, crc & 0xff);
}

export const TRIGGER = encodeCommand({
  type: WRITE,
  address: 0x0002,
  data: Uint8Array.of(0x01),
});
/** Keeps the settings over a power cut. */
export const SAVE_SETTINGS = encodeCommand({
  type: SAVE,
  address: 0x0000,
  data: Uint8Array.of(0x00),
});
/** The acknowledgement that precedes the payload of a triggered scan, without a line end between. */
export const TRIGGER_ACK: Uint8Array = encodeReply({
  status: STATUS_OK,
  data: Uint8Array.of(0x00),
});

export function encodeBaud(baud: number): Uint8Array {
  const divisor = Math.round(BAUD_CLOCK / baud);
  const data = Uint8Array.of(divisor & 0xff, divisor >> 8);
  return encodeCommand({ type: WRITE, address: BAUD_REGISTER, data });
}

export type FrameDecoder<Frame> = {
  /** Takes the next bytes, in any chunking; gives the frames that they complete. */
  push(chunk: Uint8Array): Frame[];
};

/** Finds replies among scanned text; what belongs to no reply is passed over. */
export function createReplyDecoder(): FrameDecoder<Reply> {
  return createDecoder({
    head: REPLY_HEAD,
    fixedBytes: REPLY_FIXED_BYTES,
    read: (body) => ({ status: body[0] ?? 0, data: body.slice(2) }),
  });
}

/** The module's side. NUL bytes (a gate's heartbeat) and other noise are passed over. */
export function createCommandDecoder(): FrameDecoder<Command> {
  return createDecoder({
    head: COMMAND_HEAD,
    fixedBytes: COMMAND_FIXED_BYTES,
    read: (body) => ({
      type: body[0] ?? 0,
      address: ((body[2] ?? 0) << 8) | (body[3] ?? 0),
      data: body.slice(4),
    }),
  });
}

function createDecoder<Frame>(options: {
  head: number;
  fixedBytes: number;
  read: (body: Uint8Array) => Frame;
}): FrameDecoder<Frame> {
  const { head, fixedBytes, read } = options;
  let pending: number[] = [];

  /** Takes the frame at the start of what is pending; drops one byte if there can be none. */
  function take(): Frame | 'more' | 'dropped' {
    const [first, second, , length] = pending;
    if (first === undefined) return 'more';
    if (first === head && (second === undefined || second === 0x00)) {
      if (length === undefined) return 'more';
      const bytes = fixedBytes + (length === 0 ? DATA_BYTES_MAX : length);
      if (pending.length < bytes) return 'more';
      const body = Uint8Array.from(pending.slice(2, bytes - 2));
      const crc = ((pending[bytes - 2] ?? 0) << 8) | (pending[bytes - 1] ?? 0);
      if (crc === crc16(body) || crc === CRC_UNCHECKED) {
        pending = pending.slice(bytes);
        return read(body);
      }
    }
    // One bad byte costs that byte, not the frame that begins after it.
    pending = pending.slice(1);
    return 'dropped';
  }

  return {
    push(chunk) {
      const frames: Frame[] = [];
      for (const byte of chunk) {
        pending.push(byte);
        let taken = take();
        while (taken !== 'more') {
          if (taken !== 'dropped') frames.push(taken);
          taken = take();
        }
      }
      return frames;
    },
  };
}
