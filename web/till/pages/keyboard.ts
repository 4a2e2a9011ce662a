/** The keyboard of the whole page, whatever is shown: no scan presses a button that happens to have the focus. */
import { useEffect } from 'preact/hooks';
import type { TillPress } from '../shell/amount-entry.ts';
import { useTill } from './till-context.ts';

type Field = HTMLInputElement | HTMLTextAreaElement;

export function useKeyboard() {
  const till = useTill();
  useEffect(() => {
    let target: EventTarget | null = null;
    /** Keys whose way up must press nothing either: in some browsers that is what presses a button. */
    const taken = new Set<string>();
    const down = (event: KeyboardEvent) => {
      const isCharacter = event.getModifierState('AltGraph');
      if (event.metaKey || (event.altKey && !isCharacter)) return;
      const element = event.target instanceof Element ? event.target : null;
      if (element !== target) till.entry.endRun();
      target = element;
      // A field for codes, dates or tokens has what is scanned into it.
      if (element?.closest('select, [data-scans]')) return till.entry.endRun();
      const isTaken = till.entry.press(pressOf(event, element));
      if (isTaken) {
        event.preventDefault();
        event.stopPropagation();
        taken.add(event.code);
      } else taken.delete(event.code);
    };
    const up = (event: KeyboardEvent) => {
      if (taken.delete(event.code)) event.preventDefault();
    };
    document.addEventListener('keydown', down, { capture: true });
    document.addEventListener('keyup', up, { capture: true });
    return () => {
      document.removeEventListener('keydown', down, { capture: true });
      document.removeEventListener('keyup', up, { capture: true });
    };
  }, []);
}

function pressOf(event: KeyboardEvent, element: Element | null): TillPress {
  const field = element?.closest<Field>('input, textarea') ?? null;
  return {
    key: event.key,
    code: event.code,
    isShift: event.shiftKey,
    isControl: event.ctrlKey && !event.getModifierState('AltGraph'),
    atMs: event.timeStamp,
    isRepeat: event.repeat,
    isOnPad: element !== null && element.closest('.pad') !== null,
    fieldText: field?.value ?? null,
    restoreField: (text) => {
      if (field === null) return;
      field.value = text;
      field.dispatchEvent(new Event('input', { bubbles: true }));
    },
  };
}
