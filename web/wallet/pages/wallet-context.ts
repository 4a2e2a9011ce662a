/** How pages reach the wallet that main.tsx has made. */
import { assert } from '@stile/protocol/fault.ts';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Wallet } from '../shell/wallet.ts';

export const WalletContext = createContext<Wallet | null>(null);

export function useWallet(): Wallet {
  const wallet = useContext(WalletContext);
  assert(wallet !== null, 'every page stands inside a wallet');
  return wallet;
}
