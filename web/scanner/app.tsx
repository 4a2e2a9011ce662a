/** Camera, a picture from a file, and what became of each code. For testers, so in English only. */
import { useState } from 'preact/hooks';
import { CameraView } from '../parts/camera/camera-view.tsx';
import { type FileReading, readPictureFile } from '../parts/camera/picture-file.ts';
import type { Clock } from '../parts/clock.ts';
import { clockText } from '../parts/money.ts';
import { feedOf, type Heard, kindOf, play, type Sent } from './feed.ts';
import { VerdictScreen } from './verdict-screen.tsx';

const ROWS_MAX = 12;
const FORMATS = ['QRCode', 'Code128'] as const;

type Result = Sent | Extract<FileReading, { ok: false }>['reason'] | 'NO_DECODER';

const WORDS: Readonly<Record<Result, string>> = {
  PLAYED: 'played into the scanner; the gate says nothing that is heard here',
  NO_FEED: 'not sent: no scanner is named',
  REFUSED: 'not sent: the scanner refuses it',
  UNREACHABLE: 'not sent: the scanner does not answer',
  NOT_A_PICTURE: 'no picture that this browser can show, or one that is broken off',
  NO_CODE_FOUND: 'no code found in this picture',
  SEVERAL_CODES: 'several different codes in this picture; show one at a time',
  NO_DECODER: 'not read: what reads codes could not be loaded. Reload this page, with a network',
};

type Row = {
  number: number;
  kind: string;
  sent: Result;
  heard: Heard | null;
  atMs: number;
};

function isGood({ sent, heard }: Row): boolean {
  return sent === 'PLAYED' && heard?.verdict !== 'refuse';
}

function wordsOf({ sent, heard }: Row): string {
  if (heard === null) return WORDS[sent];
  if (heard.verdict === 'open') return 'the gate opened';
  if (heard.verdict === 'repeat') return 'still the same code held: not judged again';
  return `${heard.reason}: ${heard.words[0].toLowerCase()}`;
}

export function App({ clock }: { clock: Clock }) {
  const feed = feedOf(location.hash);
  const [rows, setRows] = useState<Row[]>([]);
  const [reading, setReading] = useState<string | null>(null);
  const [shown, setShown] = useState<Heard | null>(null);
  const add = (kind: string, { sent, heard }: Pick<Row, 'sent' | 'heard'>) => {
    setShown(heard);
    const atMs = clock.now().wallMs;
    setRows((before) =>
      [{ number: (before[0]?.number ?? 0) + 1, kind, sent, heard, atMs }, ...before].slice(
        0,
        ROWS_MAX,
      ),
    );
  };
  const read = async (text: string) => add(kindOf(text), await play(feed, { text, clock }));
  const readFile = async (file: File) => {
    setReading(file.name);
    const found = await readPictureFile(file, FORMATS).catch(() => null);
    setReading(null);
    if (found?.ok) await read(found.text);
    else add(file.name, { sent: found?.reason ?? 'NO_DECODER', heard: null });
  };
  return (
    <main class="scan stack">
      {shown !== null && (
        <VerdictScreen heard={shown} clock={clock} onDone={() => setShown(null)} />
      )}
      <header>
        <h1>Scanner</h1>
        <p class="soft">
          Hold a phone before this computer’s camera. What it shows is played into the virtual
          scanner, as if the gate’s own had read it.
        </p>
      </header>
      {feed === null && (
        <p class="note bad" role="alert">
          No virtual scanner is named. Start one with <code>stile scanner --feed 0</code> and open
          this page as <code>/scanner/#feed=…</code> with the address that it prints.
        </p>
      )}
      <div class="scan-columns">
        <section class="stack">
          <CameraView
            label="Camera"
            instead="Or choose a picture below."
            language="en"
            formats={FORMATS}
            clock={clock}
            onText={(text) => void read(text)}
          />
          <label class="file">
            Or a picture
            <input
              type="file"
              accept="image/*"
              onChange={(event) => {
                const [file] = event.currentTarget.files ?? [];
                if (file !== undefined) void readFile(file);
              }}
            />
          </label>
        </section>
        <section class="card" aria-live="polite">
          <h2>Read</h2>
          {reading !== null && <p class="soft">{reading}: reading …</p>}
          {rows.length === 0 && reading === null && <p class="soft">Nothing yet.</p>}
          <ul class="list">
            {rows.map((row) => (
              <li key={row.number} data-sent={row.sent}>
                <span>{row.kind}</span>
                <span class="amount">{clockText(row.atMs, 'en')}</span>
                <span class={isGood(row) ? 'small soft' : 'small note bad'}>{wordsOf(row)}</span>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </main>
  );
}
