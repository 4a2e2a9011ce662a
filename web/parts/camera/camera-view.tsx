/** A camera's picture on a page, and what keeps it from being opened, in words. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Clock } from '../clock.ts';
import { startCamera } from './camera.ts';
import type { CodeFormat } from './code-format.ts';
import './camera.css';

type Props = {
  label: string;
  /** Shown if the camera cannot be used. */
  failed: string;
  formats: readonly CodeFormat[];
  clock: Clock;
  onText: (text: string) => void;
};

export function CameraView({ label, failed, formats, clock, onText }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const latest = useRef(onText);
  latest.current = onText;
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    const { current } = video;
    if (current !== null) {
      const { signal } = controller;
      const read = (text: string) => latest.current(text);
      void startCamera(current, { onText: read, signal, formats, clock }).then((state) => {
        if (state !== 'running') setFailure(state);
      });
    }
    return () => controller.abort();
  }, []);
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
      {failure !== null && (
        <p class="note bad" role="alert" data-failure={failure}>
          {failed}
        </p>
      )}
    </>
  );
}
