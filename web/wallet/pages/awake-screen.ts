/** Keeps the screen from going dark while a code is shown. The browser may say no; nothing depends on it. */
import { useEffect } from 'preact/hooks';

export function useAwakeScreen(): void {
  useEffect(() => {
    let isLeft = false;
    let lock: WakeLockSentinel | null = null;
    // A hidden page loses its lock, so it is asked for again when the page comes back.
    const stayAwake = async () => {
      if (document.visibilityState !== 'visible') return;
      // Refused on low battery or by policy: the screen then dims as it always does.
      const taken = (await navigator.wakeLock?.request('screen').catch(() => null)) ?? null;
      if (isLeft) await taken?.release();
      else lock = taken;
    };
    void stayAwake();
    document.addEventListener('visibilitychange', stayAwake);
    return () => {
      isLeft = true;
      document.removeEventListener('visibilitychange', stayAwake);
      void lock?.release();
    };
  }, []);
}
