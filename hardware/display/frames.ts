/**
 * The pole display's bytes: ESC/POS as customer displays of two rows of twenty characters take them
 * (hardware/README.md §4). Text is printable ASCII; anything else is shown as a question mark.
 */

export const COLUMNS = 20;
export const ROWS = 2;
const ESC = 0x1b;
const US = 0x1f;
const CLEAR = 0x0c;

export type Screen = readonly [string, string];

/** `ESC @`: start-up state, cursor home. */
export const INITIALISE: Uint8Array = Uint8Array.of(ESC, 0x40);

/** Clears, then writes each row after moving the cursor to its start (`US $ column row`). */
export function encodeScreen(screen: Screen): Uint8Array {
  const bytes = [CLEAR];
  for (const [index, text] of screen.entries()) {
    bytes.push(US, 0x24, 1, index + 1);
    for (const char of text.slice(0, COLUMNS)) {
      const code = char.charCodeAt(0);
      bytes.push(code >= 0x20 && code <= 0x7e ? code : 0x3f);
    }
  }
  return Uint8Array.from(bytes);
}

export type ScreenDecoder = {
  /** Takes the next bytes, in any chunking. */
  push(chunk: Uint8Array): void;
  /** What a person sees: two rows of twenty characters. */
  read(): Screen;
};

/** The display's side of the same bytes. Unknown control bytes are skipped, as displays do. */
export function createScreenDecoder(): ScreenDecoder {
  let rows: string[][] = blank();
  let column = 0;
  let row = 0;
  let command: number[] = [];

  function control(byte: number): void {
    command.push(byte);
    const [first, second, x, y] = command;
    if (first === CLEAR || (first === ESC && second === 0x40)) {
      if (first === CLEAR) rows = blank();
      column = 0;
      row = 0;
      command = [];
    } else if (first === US && second === 0x24 && x !== undefined && y !== undefined) {
      column = Math.min(COLUMNS, Math.max(1, x)) - 1;
      row = Math.min(ROWS, Math.max(1, y)) - 1;
      command = [];
    } else if (first !== ESC && first !== US) {
      command = [];
    } else if (second !== undefined && (first === ESC || second !== 0x24)) {
      // An unknown command: it must end, or it would swallow all that follows.
      command = [];
    }
  }

  return {
    push(chunk) {
      for (const byte of chunk) {
        if (command.length > 0 || byte < 0x20) control(byte);
        else if (byte <= 0x7e) {
          const cells = rows[row];
          if (cells !== undefined && column < COLUMNS) cells[column] = String.fromCharCode(byte);
          column += 1;
        }
      }
    },
    read: () => [rows[0]?.join('') ?? '', rows[1]?.join('') ?? ''],
  };
}

function blank(): string[][] {
  return Array.from({ length: ROWS }, () => Array.from({ length: COLUMNS }, () => ' '));
}
