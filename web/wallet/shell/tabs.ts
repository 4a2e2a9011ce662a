/** The tabs of one wallet: a change of what is stored in one is announced to the others. */

export type Tabs = {
  announce(): void;
  onChange(run: () => void): void;
};

/** All tabs of this origin; some change is all that is said, what it is stands in the vault. */
export function openTabs(): Tabs {
  const channel = new BroadcastChannel('stile-wallet');
  return {
    announce: () => channel.postMessage('changed'),
    onChange: (run) => channel.addEventListener('message', run),
  };
}

export type RunAlone = (work: () => Promise<void>) => Promise<void>;

/** One tab at a time. Without locks (plain http) tabs may work at once, which costs a seed and no more. */
export const runAloneOfTabs: RunAlone = async (work) => {
  if (navigator.locks === undefined) await work();
  else await navigator.locks.request('stile-refresh', work);
};
