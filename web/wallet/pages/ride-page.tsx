/** The transit code: large, black on white, drawn anew every few seconds and whenever asked for; and the pass around it. */
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { repeat } from '../../parts/clock.ts';
import { QrCode, TRANSIT_QR } from '../../parts/codes/qr.tsx';
import { allowanceOf, codeLifetimeMsOf } from '../core/account.ts';
import { REDRAW_MS, timeLeft } from '../core/state.ts';
import type { Words } from '../words/shape.ts';
import { useAwakeScreen } from './awake-screen.ts';
import { Ring } from './code-sheet.tsx';
import { Guarded } from './guard/pin-pad.tsx';
import { Page } from './page.tsx';
import { PassFacts } from './pass-facts.tsx';
import { useWallet } from './wallet-context.ts';
import { Warnings } from './warnings.tsx';

type Drawn = { text: string; atMs: number };

export function RidePage({ words }: { words: Words }) {
  const { phone } = useWallet();
  const { pin, isEnded } = phone.enrolment.value ?? {};
  const code = <TransitCode words={words} />;
  const guarded = pin?.beforeRide ? <Guarded words={words}>{code}</Guarded> : code;
  return (
    <Page title={words.ride.title}>
      <Warnings words={words} />
      {isEnded !== true && guarded}
    </Page>
  );
}

function TransitCode({ words }: { words: Words }) {
  const { clock, phone } = useWallet();
  const [code, setCode] = useState<Drawn | null>(null);
  const draw = async () => {
    const { wallMs: atMs, monoMs } = clock.now();
    const text = await phone.makeTransitCode(Math.floor(atMs / 1000));
    // The old code stays until the new one is there.
    if (text === undefined) return;
    performance.mark('code-asked', { startTime: monoMs });
    setCode({ text, atMs });
  };
  useCodes(draw);
  useAwakeScreen();
  useLayoutEffect(() => {
    if (code === null) return;
    // The frame that begins then is the one that shows it.
    requestAnimationFrame(() => {
      performance.mark('code-shown');
      performance.measure('code-refreshed', 'code-asked', 'code-shown');
    });
  }, [code]);
  const { value: enrolment } = phone.enrolment;
  const hasRides = enrolment !== null && allowanceOf(enrolment.pass) > 0;
  const shown = hasRides ? code : null;
  return (
    <div class="ride">
      <Sheet words={words} text={shown?.text ?? null} />
      <div class="stack">
        <div class="row">
          {shown !== null && <Life words={words} atMs={shown.atMs} />}
          <button type="button" class="quiet" onClick={() => void draw()}>
            {words.ride.fresh}
          </button>
        </div>
        <PassFacts words={words} />
        <p class="small soft">
          {words.ride.hold} {words.ride.enlarge}.
        </p>
      </div>
    </div>
  );
}

/** A touch makes it as large as the screen, on nothing but white; another one takes it back. */
function Sheet({ words, text }: { words: Words; text: string | null }) {
  const [isLarge, setLarge] = useState(false);
  if (text === null) return <div class="sheet square" />;
  return (
    <div class={isLarge ? 'sheet square large' : 'sheet square'}>
      <QrCode text={text} label={words.ride.label} options={TRANSIT_QR} />
      <button
        type="button"
        class="touch"
        aria-pressed={isLarge}
        aria-label={isLarge ? words.ride.shrink : words.ride.enlarge}
        onClick={() => setLarge(!isLarge)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setLarge(false);
        }}
      />
    </div>
  );
}

/** How long gates take the code that is shown: it is drawn anew long before that, unless something is wrong. */
function Life({ words, atMs }: { words: Words; atMs: number }) {
  const { phone, nowMs } = useWallet();
  const { value: enrolment } = phone.enrolment;
  const spanMs = enrolment === null ? 0 : codeLifetimeMsOf(enrolment.pass);
  if (spanMs === 0) return null;
  const left = timeLeft({ nowMs: nowMs.value, endMs: atMs + spanMs, spanMs });
  const text = left.seconds === 0 ? words.ride.over : words.ride.left(left.seconds);
  return (
    <>
      <Ring {...left} label={text} />
      <p class="soft small">{text}</p>
    </>
  );
}

/** Draws at once, every few seconds, and when the page comes back. */
function useCodes(draw: () => Promise<void>): void {
  const { clock, page } = useWallet();
  useEffect(() => {
    const drawIfVisible = () => {
      if (page.isVisible()) void draw();
    };
    drawIfVisible();
    const endRedraws = repeat(clock, { everyMs: REDRAW_MS, fire: drawIfVisible });
    const endChanges = page.onChange('visibility', drawIfVisible);
    return () => {
      endRedraws();
      endChanges();
    };
  }, []);
}
