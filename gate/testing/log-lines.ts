/** A gate's or settlement's log, line by line as it comes, each of which can be waited for once. */
import { once } from 'node:events';

export type LogLine = Record<string, unknown>;

export class LogLines {
  readonly #lines: LogLine[] = [];
  readonly #arrived = new EventTarget();

  /** As pino writes. */
  readonly write = (text: string): void => {
    this.#lines.push(JSON.parse(text) as LogLine);
    this.#arrived.dispatchEvent(new Event('line'));
  };

  /** The next line of this message, or of one of these, from where the last wait ended. */
  async next(
    messages: string | readonly string[],
    pick: (line: LogLine) => boolean = () => true,
  ): Promise<LogLine> {
    const wanted = [messages].flat();
    for (;;) {
      const at = this.#lines.findIndex((line) => wanted.includes(String(line.msg)) && pick(line));
      if (at >= 0) return this.#lines.splice(0, at + 1).at(-1) ?? {};
      await once(this.#arrived, 'line');
    }
  }
}
