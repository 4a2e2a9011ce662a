/**
 * The inside of a virtual GM65-type module: registers that a gate reads, writes and saves. Bytes in,
 * reply bytes out, no port and no clock; the scanning itself is virtual.ts.
 */
import {
  BAUD_REGISTER,
  type Command,
  createCommandDecoder,
  encodeReply,
  FACTORY_BAUD,
  READ,
  SAVE,
  STATUS_INVALID,
  STATUS_OK,
  WRITE,
} from './frames.ts';

const BAUD_CLOCK = 3_000_000;

export type ScannerModule = {
  /** Takes what the gate sent, in any chunking; gives the replies, in order. */
  push(chunk: Uint8Array): Uint8Array[];
  read(address: number): number;
  write(address: number, value: number): void;
  /** The rate its baud register stands for. */
  readonly baud: number;
  /** How often its flash was written. */
  readonly saves: number;
  /** Power off and on: what was not saved is gone. */
  restart(): void;
};

/** As it comes from the factory: 9600 baud, setup codes on, CR after each code. */
export function createScannerModule(baud = FACTORY_BAUD): ScannerModule {
  const decoder = createCommandDecoder();
  let registers = new Map<number, number>([
    [0x0000, 0xd6],
    [0x0003, 0x03],
    [0x000d, 0xa0],
    [0x0060, 0x01],
  ]);
  const divisor = Math.round(BAUD_CLOCK / baud);
  registers.set(BAUD_REGISTER, divisor & 0xff).set(BAUD_REGISTER + 1, divisor >> 8);
  let flash = new Map(registers);
  let saves = 0;
  const read = (address: number) => registers.get(address) ?? 0;

  function obey({ type, address, data }: Command): Uint8Array {
    if (type === READ && data.length === 1) {
      const count = data[0] === 0 ? 256 : (data[0] ?? 1);
      const values = Uint8Array.from({ length: count }, (_, at) => read(address + at));
      return encodeReply({ status: STATUS_OK, data: values });
    }
    if (type === WRITE) {
      for (const [at, value] of data.entries()) registers.set(address + at, value);
      return encodeReply({ status: STATUS_OK, data: Uint8Array.of(0) });
    }
    if (type === SAVE) {
      flash = new Map(registers);
      saves += 1;
      return encodeReply({ status: STATUS_OK, data: Uint8Array.of(0) });
    }
    return encodeReply({ status: STATUS_INVALID, data: Uint8Array.of(0) });
  }

  return {
    push: (chunk) => decoder.push(chunk).map(obey),
    read,
    write: (address, value) => {
      registers.set(address, value);
    },
    get baud() {
      const rate = read(BAUD_REGISTER) | (read(BAUD_REGISTER + 1) << 8);
      return rate === 0 ? 0 : Math.round(BAUD_CLOCK / rate);
    },
    get saves() {
      return saves;
    },
    restart: () => {
      registers = new Map(flash);
    },
  };
}
