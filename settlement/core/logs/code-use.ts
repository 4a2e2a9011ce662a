/**
 * The name of one code use: (issuer, account, serial, counter), the thing that can be charged once; and
 * of one ask, which has its payment already. Written as text because it is part of transfer ids and a person reads those.
 */
export type CodeUse = { issuer: number; account: string; serial: number; counter: number };

export function useKey({ issuer, account, serial, counter }: CodeUse): string {
  return `${issuer}/${account}/${serial}/${counter}`;
}

/** The name of what a gate has asked settlement about; kept where a tap has its code use. */
export function askKey(gate: string, id: string): string {
  return `ask/${gate}/${id}`;
}

/** Gate and id of an ask, or undefined where it is a code use. */
export function readAskKey(use: string): { gate: string; id: string } | undefined {
  const [kind, gate, id] = use.split('/');
  return kind === 'ask' && gate !== undefined && id !== undefined ? { gate, id } : undefined;
}

/** The account that a use belongs to. */
export function accountOfUse(use: string): string {
  return use.split('/')[1] ?? '';
}
