/** A camera's picture on a page; what keeps it from reading, in words, and the way on. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Clock } from '../clock.ts';
import type { Language } from '../languages.ts';
import { type CameraState, startCamera } from './camera.ts';
import { CAMERA_WORDS } from './camera-words.ts';
import type { CodeFormat } from './code-format.ts';
import './camera.css';

type Props = {
  label: string;
  /** What can be done without a camera. */
  instead: string;
  language: Language;
  formats: readonly CodeFormat[];
  clock: Clock;
  onText: (text: string) => void;
};

export function CameraView({ label, instead, language, formats, clock, onText }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const latest = useRef(onText);
  latest.current = onText;
  const [state, setState] = useState<CameraState>('asking');
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const { current } = video;
    if (current !== null) {
      const { signal } = controller;
      const onState = (next: CameraState) => {
        if (!signal.aborted) setState(next);
      };
      const read = (text: string) => latest.current(text);
      // Nothing waits for it: a browser that asks may never be answered.
      void startCamera(current, { onText: read, onState, signal, formats, clock });
    }
    return () => controller.abort();
  }, [tries]);
  const words = CAMERA_WORDS[language];
  const failure = state === 'asking' || state === 'running' ? null : state;
  return (
    <>
      <video
        ref={video}
        class="camera"
        muted
        playsInline
        aria-label={label}
        hidden={failure !== null}
      />
      {state === 'asking' && (
        <p class="note" role="status" data-camera="asking">
          {words.asking} {instead}
        </p>
      )}
      {failure !== null && (
        <div class="note bad stack" role="alert" data-failure={failure}>
          <p>
            {words.failures[failure]} {instead}
          </p>
          {failure === 'NO_DECODER' ? (
            <button type="button" class="quiet" onClick={() => location.reload()}>
              {words.reload}
            </button>
          ) : (
            <button
              type="button"
              class="quiet"
              onClick={() => {
                setState('asking');
                setTries(tries + 1);
              }}
            >
              {words.again}
            </button>
          )}
        </div>
      )}
    </>
  );
}
