/**
 * What a gate wants a GM65-type module to be set to, and the conversation that gets it there: read a
 * register, write it only if it differs, read it back, save once at the end. Register maps differ
 * from model to model and flash wears out, so nothing is written blindly.
 */
import { encodeCommand, READ, type Reply, SAVE_SETTINGS, STATUS_OK, WRITE } from './frames.ts';

const TRIES = 3;

/** One setting: the bits of `mask` in a register must be `value`; the others stay as they are. */
export type Setting = { what: string; address: number; mask: number; value: number };

export const GATE_SETTINGS: readonly Setting[] = [
  // A rider could show a configuration code and so put a gate out of order.
  { what: 'no setting up by showing a code', address: 0x0003, mask: 0x01, value: 0x00 },
  { what: 'output to the serial port', address: 0x000d, mask: 0x03, value: 0x00 },
  // Bits 6 and 5: 01 is CR LF. Bit 0: the tail is sent at all.
  { what: 'CR LF after each code', address: 0x0060, mask: 0x61, value: 0x21 },
  // Bit 7: a code that stays in view is sent again only after so many tenths of a second.
  { what: 'the same code again after 1 s', address: 0x0013, mask: 0xff, value: 0x8a },
];

/** Sends one command; the module's reply, or null if none came in time. */
export type SendCommand = (command: Uint8Array) => Promise<Reply | null>;

export type SettingsReport =
  | { ok: true; changed: string[] }
  /** SILENT: no such module, or another baud rate. REFUSED: a register did not take its value. */
  | { ok: false; reason: 'SILENT' | 'REFUSED'; what: string; changed: string[] };

/** Brings a module to the settings. Writes nothing, and saves nothing, if all is as it must be. */
export async function applySettings(
  send: SendCommand,
  settings: readonly Setting[] = GATE_SETTINGS,
): Promise<SettingsReport> {
  const changed: string[] = [];
  for (const { what, address, mask, value } of settings) {
    const found = await readRegister(send, address);
    if (found === null) return { ok: false, reason: 'SILENT', what, changed };
    if ((found & mask) === value) continue;
    const wanted = (found & ~mask) | value;
    await send(encodeCommand({ type: WRITE, address, data: Uint8Array.of(wanted) }));
    const readBack = await readRegister(send, address);
    if (readBack !== wanted) return { ok: false, reason: 'REFUSED', what, changed };
    changed.push(what);
  }
  if (changed.length > 0) {
    const saved = await send(SAVE_SETTINGS);
    if (saved?.status !== STATUS_OK) {
      return { ok: false, reason: 'REFUSED', what: 'save to flash', changed };
    }
  }
  return { ok: true, changed };
}

async function readRegister(send: SendCommand, address: number): Promise<number | null> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const reply = await send(encodeCommand({ type: READ, address, data: Uint8Array.of(0x01) }));
    if (reply?.status === STATUS_OK && reply.data.length === 1) return reply.data[0] ?? null;
  }
  return null;
}
