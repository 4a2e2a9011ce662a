/** What a page needs to talk to settlement: the browser's `fetch`, and the clock that its patience goes by. */
import type { Clock } from './clock.ts';

export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

export type Net = { fetch: Fetch; clock: Clock };

export const browserFetch: Fetch = (path, init) => fetch(path, init);
