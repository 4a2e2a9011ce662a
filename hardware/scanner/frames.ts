/**
 * GM65-type scanner modules: commands, replies and the settings that a gate wants
 * (hardware/README.md §2). A command is `7E 00 | type | length | address | data… | crc`, a reply
 * `02 00 | status | length | data… | crc`; the CRC is CRC-16/XMODEM over type to data.
 */

const CRC_POLYNOMIAL = 0x1021;
/** Baud register: 3,000,000 / baud, little-endian. */
const BAUD_CLOCK = 3_000_000;

export const READ = 0x07;
export const WRITE = 0x08;
export const SAVE = 0x09;

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
export function encodeCommand(type: number, address: number, data: Uint8Array): Uint8Array {
  const body = Uint8Array.of(type, data.length, address >> 8, address & 0xff, ...data);
  const crc = crc16(body);
  return Uint8Array.of(0x7e, 0x00, ...body, crc >> 8, crc & 0xff);
}

export const TRIGGER = encodeCommand(WRITE, 0x0002, Uint8Array.of(0x01));
/** Keeps the settings over a power cut. */
export const SAVE_SETTINGS = encodeCommand(SAVE, 0x0000, Uint8Array.of(0x00));

export function encodeBaud(baud: number): Uint8Array {
  const divisor = Math.round(BAUD_CLOCK / baud);
  return encodeCommand(WRITE, 0x002a, Uint8Array.of(divisor & 0xff, divisor >> 8));
}

/**
 * What a gate writes at start: no configuration by barcode (a rider could show one), output to the
 * serial line, CR LF after each code. Register maps differ by model: read back what matters.
 */
export const GATE_SETTINGS: readonly Uint8Array[] = [
  encodeCommand(WRITE, 0x0003, Uint8Array.of(0x00)),
  encodeCommand(WRITE, 0x000d, Uint8Array.of(0x00)),
  encodeCommand(WRITE, 0x0060, Uint8Array.of(0x00)),
];

/** The acknowledgement that precedes the payload of a triggered scan on the same line. */
export const TRIGGER_ACK: Uint8Array = encodeReply(0x00, Uint8Array.of(0x00));

export function encodeReply(status: number, data: Uint8Array): Uint8Array {
  const body = Uint8Array.of(status, data.length, ...data);
  const crc = crc16(body);
  return Uint8Array.of(0x02, 0x00, ...body, crc >> 8, crc & 0xff);
}
