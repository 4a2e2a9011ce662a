/** All that a page says in one language. */

/** What any of the sentences that take an argument can be given. */
const ARGUMENT = {
  toString: () => '7',
  example: 'x',
  decimals: 2,
  most: 'x',
  amount: 'x',
  shop: 'x',
};

/** Every sentence, with its name; those that take an argument are given one. */
export function sentences(of: object, path = ''): [string, string][] {
  return Object.entries(of).flatMap(([name, value]): [string, string][] => {
    const at = `${path}${name}`;
    if (typeof value === 'string') return [[at, value]];
    if (typeof value === 'function') return [[at, String(value(ARGUMENT, 'x'))]];
    return sentences(value, `${at}.`);
  });
}
