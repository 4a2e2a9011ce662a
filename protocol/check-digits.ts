/**
 * The two check digits of a payment or online code: ISO/IEC 7064, MOD 97-10 (protocol/README.md §11). They tell
 * what was misread, mistyped or made up from a guess; they keep nobody out who can reckon.
 */

const MODULUS = 97;

/** `digits` with two more behind them, so that the whole is 1 modulo 97. */
export function addCheckDigits(digits: string): string {
  const check = MODULUS + 1 - remainderOf(`${digits}00`);
  return digits + String(check).padStart(2, '0');
}

/** Of digits only: whether the last two are those of the others. */
export function checkDigitsHold(text: string): boolean {
  return remainderOf(text) === 1;
}

/** Digit by digit, because no number holds twenty of them. */
function remainderOf(digits: string): number {
  let remainder = 0;
  for (const digit of digits) remainder = (remainder * 10 + Number(digit)) % MODULUS;
  return remainder;
}
