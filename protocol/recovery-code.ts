/**
 * The code with which a new phone takes an account over (protocol/README.md §15): 120 random bits in Crockford's
 * base 32, and a check character that finds any one wrong character and any two that were swapped.
 */

export const RECOVERY_CODE_BYTES = 15;
export const RECOVERY_CODE_CHARS = 25;
const GROUP_CHARS = 5;
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const SYMBOL_BITS = 5;
/** x⁵ + x² + 1: whatever is multiplied by x runs through all 31 values before it comes again. */
const FIELD = 0b100101;

/** In groups, as a person reads and writes it. @param bytes `RECOVERY_CODE_BYTES` of chance. */
export function writeRecoveryCode(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const symbols = (bits.match(/.{5}/g) ?? []).map((five) => Number.parseInt(five, 2));
  const text = [...symbols, checkOf(symbols)].map((symbol) => ALPHABET[symbol]).join('');
  return (text.match(new RegExp(`.{${GROUP_CHARS}}`, 'g')) ?? []).join('-');
}

/** The code as it is hashed, without its dashes; undefined if it cannot be one: something was misread. */
export function readRecoveryCode(text: string): string | undefined {
  const plain = text
    .toUpperCase()
    .replace(/[\s\-–.]/g, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
  const symbols = [...plain].map((char) => ALPHABET.indexOf(char));
  if (symbols.length !== RECOVERY_CODE_CHARS || symbols.includes(-1)) return undefined;
  return checkOf(symbols.slice(0, -1)) === symbols.at(-1) ? plain : undefined;
}

function checkOf(symbols: readonly number[]): number {
  return symbols.reduce((check, symbol) => timesX(check ^ symbol), 0);
}

function timesX(symbol: number): number {
  const shifted = symbol << 1;
  return shifted >> SYMBOL_BITS === 1 ? shifted ^ FIELD : shifted;
}
