/** The keyboard of the whole page, whatever is shown: no scan presses a button that happens to have the focus. */
import { useEffect } from 'preact/hooks';
import { useTill } from './till-context.ts';

export function useKeyboard() {
  const till = useTill();
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof Element ? event.target : null;
      // What is typed into a field is the field's.
      if (target?.closest('input, textarea, select')) return till.entry.endRun();
      const isTaken = till.pressKey({
        key: event.key,
        atMs: event.timeStamp,
        isRepeat: event.repeat,
        isOnPad: target !== null && target.closest('.pad') !== null,
      });
      if (isTaken) event.preventDefault();
    };
    document.addEventListener('keydown', listen, { capture: true });
    return () => document.removeEventListener('keydown', listen, { capture: true });
  }, []);
}
