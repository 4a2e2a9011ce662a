/** The transit code: large, black on white, drawn anew every few seconds and whenever asked for. */
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { repeat } from '../../parts/clock.ts';
import { QrCode, TRANSIT_QR } from '../../parts/codes/qr.tsx';
import { clockText, timeText } from '../../parts/money.ts';
import { allowanceOf } from '../core/account.ts';
import { REDRAW_MS, serverNowMs } from '../core/state.ts';
import type { Words } from '../words/shape.ts';
import { useAwakeScreen } from './awake-screen.ts';
import { Page } from './page.tsx';
import { Guarded } from './pin-pad.tsx';
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
  const { clock, phone, language } = useWallet();
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
  const expiresAtMs = (phone.enrolment.value?.expiresAtS ?? 0) * 1000;
  const { value: enrolment } = phone.enrolment;
  const hasRides = enrolment !== null && allowanceOf(enrolment.pass) > 0;
  return (
    <>
      <div class="sheet square">
        {code !== null && hasRides && (
          <QrCode text={code.text} label={words.ride.label} options={TRANSIT_QR} />
        )}
      </div>
      <div class="row">
        <p class="soft">
          {code !== null && words.ride.madeAt(clockText(code.atMs, language.current.value))}
        </p>
        <button type="button" class="quiet" onClick={() => void draw()}>
          {words.ride.fresh}
        </button>
      </div>
      {serverNowMs(clock.now().wallMs, phone.view.value) <= expiresAtMs && (
        <section class="card pass">
          <h2 class="small soft">{words.ride.passTitle}</h2>
          <p>{words.ride.goOnline(timeText(expiresAtMs, language.current.value))}</p>
        </section>
      )}
      <p class="small soft">
        {words.ride.hold} {words.ride.brightness}
      </p>
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
