/** The phone's signing key, in one of the two ways in which a browser can hold it. */
import type { Algorithm } from '@stile/protocol/signature.ts';

/** `platform`: non-extractable, in the browser's keeping. `page`: bytes in the page's own storage. */
export type DeviceKey =
  | { kind: 'platform'; algorithm: Algorithm; publicKey: string; privateKey: CryptoKey }
  | { kind: 'page'; algorithm: 'Ed25519'; publicKey: string; secret: Uint8Array };
