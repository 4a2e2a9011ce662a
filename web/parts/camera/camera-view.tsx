/** A camera's picture on a page, and what keeps it from being opened, in words. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { startCamera } from './camera.ts';
import type { CodeFormat } from './code-format.ts';
import './camera.css';

type Props = {
  label: string;
  /** Shown where the camera cannot be used. */
  failed: string;
  formats: readonly CodeFormat[];
  onText: (text: string) => void;
};

export function CameraView({ label, failed, formats, onText }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const heard = useRef(onText);
  heard.current = onText;
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    const { current } = video;
    if (current !== null) {
      const options = { signal: controller.signal, formats };
      void startCamera(current, (text) => heard.current(text), options).then((how) => {
        if (how !== 'running') setFailure(how);
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
