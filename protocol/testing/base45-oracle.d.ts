/** Types of the published library that base45.test.ts holds our own code against; it ships none. */
declare module '@digitalbazaar/base45' {
  export function encode(input: Uint8Array): string;
  /** @throws RangeError where the text is not Base45. */
  export function decode(input: string): Uint8Array;
}
