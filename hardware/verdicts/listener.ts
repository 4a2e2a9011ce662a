/**
 * The other end of a gate's verdict port, for a tool that shows it scans: sends one, and waits for what the
 * gate says of it. It never writes to the port.
 */
import type { Clock } from '@stile/host/clock.ts';
import type { VirtualPort } from '../serial/virtual-port.ts';
import { createVerdictDecoder, digestScan, type VerdictMessage } from './frames.ts';

/** A text without a line end counts after a second of silence; the rest is for a gate on a busy machine. */
export const VERDICT_MS_MAX = 5_000;
/** Longer than a gate may ask settlement about one code. */
export const ASKING_MS_MAX = 12_000;

export type Heard = VerdictMessage & {
  /** What the gate speaks of is not the text that was sent: the wire has changed it, or noise came with it. */
  isOther: boolean;
};

export type VerdictListener = {
  /** Whether a gate has the port open. */
  isHeard(): boolean;
  /** `send` gives the bytes of the text as they went out. Null: the gate has said nothing in time. */
  hear(send: () => Promise<Uint8Array>): Promise<Heard | null>;
  close(): Promise<void>;
};

export function listenToVerdicts(port: VirtualPort, clock: Clock): VerdictListener {
  const decoder = createVerdictDecoder();
  let heard: VerdictMessage[] = [];
  let wake = (): void => undefined;
  let isClosed = false;
  port.onBytes((bytes) => {
    heard.push(...decoder.push(bytes));
    wake();
  });

  return {
    isHeard: () => port.hasReader(),
    async hear(send) {
      heard = [];
      const scan = digestScan(await send());
      const sentAtMs = clock.now().monoMs;
      while (!isClosed) {
        const own = heard.filter((message) => message.scan === scan);
        const found = choose(own);
        if (found !== undefined) return { ...found, isOther: false };
        const isAsking = heard.some(({ verdict }) => verdict === 'asking');
        const untilMs = sentAtMs + (isAsking ? ASKING_MS_MAX : VERDICT_MS_MAX);
        if (clock.now().monoMs >= untilMs) break;
        await new Promise<void>((resume) => {
          const cancel = clock.alarm(untilMs, resume);
          wake = () => {
            cancel();
            resume();
          };
        });
      }
      const other = heard.findLast(({ verdict }) => verdict !== 'asking');
      return other === undefined ? null : { ...other, isOther: other.scan !== scan };
    },
    async close() {
      isClosed = true;
      wake();
      await port.close();
    },
  };
}

/** A code that is still held while settlement is asked about it has its verdict yet to come. */
function choose(own: readonly VerdictMessage[]): VerdictMessage | undefined {
  const isAsking = own.some(({ verdict }) => verdict === 'asking');
  return own.find(({ verdict }) => verdict !== 'asking' && !(isAsking && verdict === 'repeat'));
}
