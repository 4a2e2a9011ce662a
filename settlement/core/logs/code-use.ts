/**
 * The name of one code use: (issuer, account, serial, counter), the thing that can be charged once; and of
 * one authorisation, which has its payment already. Text, because it is part of transfer ids and a person
 * reads those.
 */
export type CodeUse = { issuer: number; account: string; serial: number; counter: number };

export function useKey({ issuer, account, serial, counter }: CodeUse): string {
  return `${issuer}/${account}/${serial}/${counter}`;
}

/** The name of an authorisation; stored in the field where a tap has its code use. */
export function authorisationKey(gate: string, id: string): string {
  return `ask/${gate}/${id}`;
}

/** Gate and id of an authorisation, or undefined if it is a code use. */
export function readAuthorisationKey(use: string): { gate: string; id: string } | undefined {
  const [kind, gate, id] = use.split('/');
  return kind === 'ask' && gate !== undefined && id !== undefined ? { gate, id } : undefined;
}

/** The account that a use belongs to. */
export function accountOfUse(use: string): string {
  return use.split('/')[1] ?? '';
}
