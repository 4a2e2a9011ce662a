/** What the browser says about the page and its network: whether it is visible, whether it is online. */

export type PageChange = 'visibility' | 'online' | 'offline';

export type PageState = {
  isVisible(): boolean;
  /** Whether the browser believes that it has a network. */
  isOnline(): boolean;
  /** Calls `run` at each such change; returns how to end that. */
  onChange(change: PageChange, run: () => void): () => void;
};

export const browserPage: PageState = {
  isVisible: () => document.visibilityState === 'visible',
  isOnline: () => navigator.onLine,
  onChange(change, run) {
    const [target, name] =
      change === 'visibility' ? [document, 'visibilitychange'] : [window, change];
    target.addEventListener(name, run);
    return () => target.removeEventListener(name, run);
  },
};
