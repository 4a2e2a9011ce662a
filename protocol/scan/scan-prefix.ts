/**
 * What scanners may put before a code and what is no part of it: an AIM symbology identifier (ISO/IEC 15424: `]`, a
 * letter, a modifier; `]C0`, `]Q1`) and an escape that names the character set (ECI: `\` and six digits; `\000026` is
 * UTF-8). No code of ours has `]` or `\`, so nothing of a code is ever taken off. Pure; gate and till may share it.
 */
const PREFIX = String.raw`(?:\][A-Za-z][0-9A-Za-z])?(?:\\\d{6})?`;
const AT_START = new RegExp(`^${PREFIX}`);
const AT_END = new RegExp(`${PREFIX}$`);

/** A scan text without what the scanner has put before it. */
export function withoutScanPrefix(text: string): string {
  return text.replace(AT_START, '');
}

/** How many characters at the end of a text are what a scanner puts before the code that follows. */
export function scanPrefixCharsAtEnd(text: string): number {
  // The match furthest to the left that reaches the end is the longest.
  return AT_END.exec(text)?.[0].length ?? 0;
}
