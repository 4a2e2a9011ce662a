/** What processes on one database share besides the books: who leads, and which challenges are used. */

/** `beats`: how often the holder has said that it is there. `holder`: null if it has let go. */
export type Lease = { fence: number; holder: string | null; beats: number };
export type LeaseChange =
  | { kind: 'setLease'; lease: Lease }
  | { kind: 'addUsedChallenge'; challenge: string; endsAtS: number };
