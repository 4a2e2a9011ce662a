/**
 * What a transfer was posted for, as its id says: `charge:USE:REV:…`, `topUp:ACCOUNT:KEY:…`, `payment:ID:…` or
 * `writeOff:NUMBER:loss`. No part but a key may hold a colon.
 */
export type TransferCause =
  | { kind: 'charge'; use: string; rev: number }
  | { kind: 'topUp'; account: string; key: string }
  | { kind: 'payment'; id: number }
  | { kind: 'writeOff'; number: number };

/** Null: it names nothing that there could be. */
export function readTransferCause(transferId: string): TransferCause | null {
  const [kind = '', name = '', ...rest] = transferId.split(':');
  switch (kind) {
    case 'charge': {
      const rev = Number(rest[0]);
      return Number.isSafeInteger(rev) ? { kind, use: name, rev } : null;
    }
    case 'topUp':
      return { kind, account: name, key: rest.slice(0, -1).join(':') };
    case 'payment':
      return Number.isSafeInteger(Number(name)) ? { kind, id: Number(name) } : null;
    case 'writeOff':
      return Number.isSafeInteger(Number(name)) ? { kind, number: Number(name) } : null;
    default:
      return null;
  }
}
