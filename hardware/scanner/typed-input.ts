/** What is typed or piped into the testers' scanner: texts to play, and commands that begin with a slash. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Misbehaviour } from './virtual.ts';

const ENDLESS_BYTES = 4_096;
const ENDLESS_BYTES_MAX = 2 ** 30;

export const HELP = `Each line is played as a scanned text. Commands:
  /picture FILE   /unplug   /replug   /quit
  /double TEXT    /split TEXT    /nosuffix TEXT   /ack TEXT    /damage TEXT
  /noise TEXT     /noisewithin TEXT   /noiseafter TEXT   /endless BYTES
`;

export type TypedCommand =
  | { do: 'play'; text: string; misbehaviour: Misbehaviour }
  | { do: 'picture'; file: string }
  | { do: 'unplug' | 'replug' | 'quit' | 'help' };

/** Commands that play their text with one misbehaviour. */
const MISBEHAVIOURS: Readonly<Record<string, Misbehaviour>> = {
  double: { double: true },
  split: { split: true },
  noise: { noiseBytes: 64 },
  noisewithin: { noiseWithinBytes: 8 },
  noiseafter: { noiseAfterBytes: 8 },
  nosuffix: { missingSuffix: true },
  ack: { acknowledge: true },
  damage: { damagedBytes: 1 },
};

/** One typed line, one character a byte; nothing for an empty one. */
export function readTyped(typed: string): TypedCommand | undefined {
  if (typed === '') return undefined;
  if (!typed.startsWith('/')) return { do: 'play', text: typed, misbehaviour: {} };
  if (typed === '/quit') return { do: 'quit' };
  const [, name = '', rest = ''] = /^\/(\w+) ?(.*)$/.exec(typed) ?? [];
  if (name === 'unplug' || name === 'replug') return { do: name };
  if (name === 'picture') return { do: 'picture', file: Buffer.from(rest, 'latin1').toString() };
  if (name === 'endless') {
    const endlessBytes = Math.min(Number(rest) || ENDLESS_BYTES, ENDLESS_BYTES_MAX);
    return { do: 'play', text: '', misbehaviour: { endlessBytes } };
  }
  const misbehaviour = Object.hasOwn(MISBEHAVIOURS, name) ? MISBEHAVIOURS[name] : undefined;
  return misbehaviour === undefined ? { do: 'help' } : { do: 'play', text: rest, misbehaviour };
}

/** Hands over one command after the other, each when the one before is done; says whether `/quit` ended it. */
export async function readInput(
  input: Readable,
  options: { signal: AbortSignal; onCommand: (command: TypedCommand) => Promise<void> },
): Promise<'quit' | 'end'> {
  // One character a byte, as in a picture's text: what is typed goes out byte for byte.
  input.setEncoding('latin1');
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  const stop = () => lines.close();
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const typed of lines) {
      const command = readTyped(typed);
      if (command?.do === 'quit') return 'quit';
      if (command !== undefined) await options.onCommand(command);
    }
    return 'end';
  } finally {
    lines.close();
  }
}
