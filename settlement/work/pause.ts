/** Lets requests through between two pieces of a long work. */
export function pause(): Promise<void> {
  return new Promise((resume) => setImmediate(resume));
}
