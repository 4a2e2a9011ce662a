/** The tabs of one page: a change of what is stored in one is announced to the others. */

export type Tabs = {
  announce(): void;
  onChange(run: () => void): void;
};

/** All tabs of this origin that know the name; some change is all that is said, what it is stands where it is stored. */
export function openTabs(name: string): Tabs {
  const channel = new BroadcastChannel(name);
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
