/**
 * Codes from a camera: pictures of the video go through zxing-wasm a few times a second. The decoder is
 * loaded when a camera is first opened, its .wasm from this origin and never from anywhere else.
 */
import { type Clock, pause } from '../clock.ts';
import type { CameraFailure } from './camera-words.ts';
import type { CodeFormat } from './code-format.ts';

const READ_EVERY_MS = 150;
/** Wider pictures cost time and show nothing more of a code that fills a third of them. */
const WIDTH_PX_MAX = 960;
/** The same text again within this time is the same code still before the camera. */
const SAME_MS = 3_000;

export type CameraState = 'asking' | 'running' | CameraFailure;

export type CameraOptions = {
  onText: (text: string) => void;
  /** Called as often as it changes, also long after the start: cameras are unplugged. */
  onState: (state: CameraState) => void;
  signal: AbortSignal;
  formats: readonly CodeFormat[];
  clock: Clock;
};

/** Runs until the signal aborts or it fails; what fails is said by a state. Never throws. */
export async function startCamera(video: HTMLVideoElement, options: CameraOptions): Promise<void> {
  const { signal, formats, onState } = options;
  if (navigator.mediaDevices === undefined) return onState('NOT_SECURE');
  const stream = await openStream();
  if (typeof stream === 'string') return onState(stream);
  const end = new AbortController();
  const stop = () => {
    end.abort();
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  const fail = (failure: CameraFailure) => {
    stop();
    onState(failure);
  };
  if (signal.aborted) return stop();
  signal.addEventListener('abort', stop, { once: true });
  for (const track of stream.getTracks()) {
    track.addEventListener('ended', () => fail('ENDED'), { signal: end.signal });
  }
  video.srcObject = stream;
  // Its picture is a help to who holds it; what it reads does not wait for that.
  video.play().catch(() => undefined);
  onState('running');
  const read = await loadReader(formats).catch(() => null);
  const isRead = read !== null && (await watch(video, { ...options, signal: end.signal, read }));
  if (!isRead && !end.signal.aborted) fail('NO_DECODER');
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

/** Loads the decoder; the first text that it finds, or undefined. Rejects if it cannot be loaded. */
async function loadReader(formats: readonly CodeFormat[]): Promise<Reader> {
  const { decode } = await import('./decoder.ts');
  return async (picture) => {
    const [text] = await decode(picture, { formats, codesMax: 1 });
    return text;
  };
}

/** Until the signal aborts; false as soon as no picture can be read. */
async function watch(
  video: HTMLVideoElement,
  { read, onText, signal, clock }: CameraOptions & { read: Reader },
): Promise<boolean> {
  const canvas = document.createElement('canvas');
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  let last = { text: '', atMs: 0 };
  while (!signal.aborted && pen !== null) {
    if (document.visibilityState === 'visible' && video.videoWidth > 0) {
      const scale = Math.min(1, WIDTH_PX_MAX / video.videoWidth);
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      pen.drawImage(video, 0, 0, canvas.width, canvas.height);
      const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
      const text = await read(picture).catch(() => null);
      if (text === null) return false;
      const atMs = clock.now().monoMs;
      if (text !== undefined && !signal.aborted) {
        if (text !== last.text || atMs - last.atMs > SAME_MS) onText(text);
        last = { text, atMs };
      }
    }
    await pause(clock, { ms: READ_EVERY_MS });
  }
  return pen !== null;
}
