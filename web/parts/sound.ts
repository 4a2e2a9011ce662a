/** Two short sounds that are heard across a counter: it went well, or somebody has to look. */

export type Tone = 'good' | 'bad';
export type Sound = { play(tone: Tone): void };

/** Frequencies in Hz, one after another. */
const NOTES: Readonly<Record<Tone, readonly number[]>> = { good: [880, 1_320], bad: [220, 220] };
const NOTE_S = 0.12;
const GAP_S = 0.04;
const LOUDNESS = 0.2;

/** Made at the first sound: before somebody has touched the page, a browser lets it make none. */
export function browserSound(): Sound {
  let context: AudioContext | undefined;
  return {
    play(tone) {
      if (typeof AudioContext === 'undefined') return;
      context ??= new AudioContext();
      const audio = context;
      void audio.resume().catch(() => undefined);
      for (const [at, hertz] of NOTES[tone].entries()) {
        const startS = audio.currentTime + at * (NOTE_S + GAP_S);
        const oscillator = new OscillatorNode(audio, { frequency: hertz });
        const gain = new GainNode(audio, { gain: LOUDNESS });
        oscillator.connect(gain).connect(audio.destination);
        oscillator.start(startS);
        oscillator.stop(startS + NOTE_S);
      }
    },
  };
}
