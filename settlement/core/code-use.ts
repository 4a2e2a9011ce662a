/**
 * The name of one code use: (issuer, account, serial, counter), the thing that can be charged once.
 * Written as text because it is part of transfer ids and a person reads those.
 */
export type CodeUse = { issuer: number; account: string; serial: number; counter: number };

export function useKey({ issuer, account, serial, counter }: CodeUse): string {
  return `${issuer}/${account}/${serial}/${counter}`;
}

/** The account that a use belongs to. */
export function accountOfUse(use: string): string {
  return use.split('/')[1] ?? '';
}
