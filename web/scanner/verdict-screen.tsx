/** What the gate has said, over the whole page: green or red, the display's words, the arm. */
import { useEffect } from 'preact/hooks';
import { alarmIn, type Clock } from '../parts/clock.ts';
import type { Heard } from './feed.ts';

/** Long enough to be read; an arm that stays open longer is shown as long as it does. */
const SHOWN_MS_MIN = 3_000;

type Props = { heard: Heard; clock: Clock; onDone: () => void };

export function VerdictScreen({ heard, clock, onDone }: Props) {
  const { verdict, reason, words, openMs } = heard;
  useEffect(() => alarmIn(clock, { ms: Math.max(SHOWN_MS_MIN, openMs), fire: onDone }), [heard]);
  const isOpen = verdict === 'open';
  return (
    <button type="button" class="verdict" data-verdict={verdict} onClick={onDone}>
      <svg class="arm" viewBox="0 -180 320 400" aria-hidden="true">
        <rect class="post" x="30" y="80" width="36" height="130" rx="6" />
        <g class={isOpen ? 'beam up' : 'beam'}>
          <rect class="white" x="40" y="88" width="260" height="20" rx="10" />
          <path class="stripes" d="M90 98h30m30 0h30m30 0h30m30 0h20" />
        </g>
        <circle class="post" cx="48" cy="98" r="12" />
      </svg>
      <span class="verdict-words" role="alert">
        <strong>{verdict === 'repeat' ? 'SAME CODE STILL HELD' : words[0]}</strong>
        <span>{verdict === 'repeat' ? 'Not judged again' : words[1]}</span>
        {reason !== null && <code>{reason}</code>}
      </span>
    </button>
  );
}
