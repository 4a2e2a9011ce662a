/** The digits of one code on white paper, in the three forms that tills read; and the ring that counts down. */
import { Code128 } from '../../parts/codes/code128.tsx';
import { QrCode } from '../../parts/codes/qr.tsx';
import { groupDigits } from '../core/state.ts';

const RADIUS = 42;
const AROUND = 2 * Math.PI * RADIUS;

/** Any text of settlement's making is shown as it is; only digits have bars. */
export function CodeSheet({
  text,
  label,
  isOver,
}: {
  text: string;
  label: string;
  isOver: boolean;
}) {
  const hasBars = /^(?:\d\d)+$/.test(text);
  return (
    <div class={isOver ? 'sheet over' : 'sheet'} data-code={text}>
      {hasBars && <Code128 digits={text} label={label} />}
      <p class="digits">
        {groupDigits(text).map((group, at) => (
          // Groups never move within a code.
          <span key={at}>{group} </span>
        ))}
      </p>
      <div class="small-qr">
        <QrCode text={text} label={label} />
      </div>
    </div>
  );
}

/** `share`: 1 full, 0 empty. */
export function Ring({ share, seconds, label }: { share: number; seconds: number; label: string }) {
  return (
    <svg class="ring" viewBox="0 0 100 100" role="timer" aria-label={label}>
      <circle cx="50" cy="50" r={RADIUS} />
      <circle
        class="left"
        cx="50"
        cy="50"
        r={RADIUS}
        stroke-dasharray={`${AROUND * share} ${AROUND}`}
      />
      <text x="50" y="50" transform="rotate(90 50 50)">
        {seconds}
      </text>
    </svg>
  );
}
