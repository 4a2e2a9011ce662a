/**
 * Codes from a camera: pictures of the video go through zxing-wasm a few times a second. The decoder is
 * loaded when a camera is first opened, its .wasm from this origin and never from anywhere else.
 */
import { type Clock, pause } from '../clock.ts';
import type { CodeFormat } from './code-format.ts';

const READ_EVERY_MS = 150;
/** Wider pictures cost time and show nothing more of a code that fills a third of them. */
const WIDTH_PX_MAX = 960;
/** The same text again within this time is the same code still before the camera. */
const SAME_MS = 3_000;

export type CameraFailure = 'NO_CAMERA' | 'NOT_ALLOWED' | 'NOT_SECURE' | 'BUSY';

export type CameraOptions = {
  onText: (text: string) => void;
  signal: AbortSignal;
  formats: readonly CodeFormat[];
  clock: Clock;
};

/** Runs until the signal aborts; a failure to open is a value. */
export async function startCamera(
  video: HTMLVideoElement,
  options: CameraOptions,
): Promise<CameraFailure | 'running'> {
  const { signal, formats } = options;
  if (navigator.mediaDevices === undefined) return 'NOT_SECURE';
  const stream = await openStream();
  if (typeof stream === 'string') return stream;
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  if (signal.aborted) {
    stop();
    return 'running';
  }
  signal.addEventListener('abort', stop, { once: true });
  video.srcObject = stream;
  await video.play();
  void watch(video, { ...options, read: await loadReader(formats) });
  return 'running';
}

async function openStream(): Promise<MediaStream | CameraFailure> {
  try {
    return await navigator.mediaDevices.getUserMedia({
      video: { facingMode: 'environment', width: { ideal: 1280 } },
      audio: false,
    });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
    if (name === 'NotAllowedError') return 'NOT_ALLOWED';
    return name === 'NotReadableError' ? 'BUSY' : 'NO_CAMERA';
  }
}

export type Reader = (picture: ImageData) => Promise<string | undefined>;

/** Loads the decoder; the first text that it finds, or undefined. */
async function loadReader(formats: readonly CodeFormat[]): Promise<Reader> {
  const { decode } = await import('./decoder.ts');
  return async (picture) => {
    const [text] = await decode(picture, { formats, codesMax: 1 });
    return text;
  };
}

async function watch(
  video: HTMLVideoElement,
  { read, onText, signal, clock }: CameraOptions & { read: Reader },
): Promise<void> {
  const canvas = document.createElement('canvas');
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  let last = { text: '', atMs: 0 };
  while (!signal.aborted && pen !== null) {
    if (document.visibilityState === 'visible' && video.videoWidth > 0) {
      const scale = Math.min(1, WIDTH_PX_MAX / video.videoWidth);
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      pen.drawImage(video, 0, 0, canvas.width, canvas.height);
      const text = await read(pen.getImageData(0, 0, canvas.width, canvas.height));
      const atMs = clock.now().monoMs;
      if (text !== undefined && !signal.aborted) {
        if (text !== last.text || atMs - last.atMs > SAME_MS) onText(text);
        last = { text, atMs };
      }
    }
    await pause(clock, { ms: READ_EVERY_MS });
  }
}
