/** The lease of whoever leads, and the change that writes it. */

/** `beats`: how often the holder has said that it is there. `holder`: null if it has let go. */
export type Lease = { fence: number; holder: string | null; beats: number };
export type LeaseChange = { kind: 'setLease'; lease: Lease };
