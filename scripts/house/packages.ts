/** Which npm package an import names. */

/** Undefined for what comes with Node and for files of one's own folder. */
export function packageOf(specifier: string): string | undefined {
  if (/^(node:|\.)/.test(specifier)) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
