/** What guards an account and brings it back, for the page about this phone: loaded when that is opened. */
import type { Words } from '../../words/shape.ts';
import { PinCard } from './pin-card.tsx';
import { Guarded } from './pin-pad.tsx';
import { RecoveryCard } from './recovery-card.tsx';

export function PhoneCards({ words }: { words: Words }) {
  return (
    <Guarded words={words}>
      <RecoveryCard words={words} />
      <PinCard words={words} />
    </Guarded>
  );
}
