/**
 * What a request that settlement does not serve gets: a stable code, and words for a person. Codes that also
 * name a fault are in fault.ts with their status; those that only the HTTP API has are here.
 */
import { z } from 'zod';

/** The HTTP status of each code. */
export const REFUSAL_STATUS = {
  METHOD_REFUSED: 405,
  REQUEST_TOO_SLOW: 408,
  PATH_TOO_LONG: 414,
  MEDIA_TYPE_REFUSED: 415,
  EXPECTATION_REFUSED: 417,
  HEADERS_TOO_LARGE: 431,
  GATE_UNKNOWN: 404,
  GATE_MISMATCH: 400,
  SEAL_BROKEN: 403,
  SEAL_MISMATCH: 400,
  GATE_REVOKED: 403,
  GATE_REPLACED: 403,
  CHALLENGE_ENDED: 401,
  EPOCH_OF_OTHER_KEY: 409,
  BATCH_MALFORMED: 400,
  CHAIN_BROKEN: 400,
  BATCH_TOO_LARGE: 413,
  DELTA_UNAVAILABLE: 410,
  TOKEN_REFUSED: 403,
  TOKEN_REPLACED: 403,
  KEY_REFUSED: 400,
  KEY_TAKEN: 409,
  ACCOUNT_DENIED: 403,
  PASS_ENDED: 403,
  RECOVERY_REFUSED: 403,
  RECOVERY_OTHER_ACCOUNT: 409,
  APPROVAL_BY_ANOTHER: 409,
  APPROVAL_OVER: 409,
  INVITE_NEEDED: 403,
  INVITE_REFUSED: 403,
  PERSON_DENIED: 403,
  NOTHING_BEHIND: 409,
  CODES_COPIED: 409,
  PASSES_OPEN: 409,
  TOP_UPS_OFF: 403,
  TOP_UP_FAILED: 409,
  TOP_UP_UNKNOWN: 503,
  WALLET_FULL: 409,
  PAYMENT_UNKNOWN: 404,
  ORDER_UNKNOWN: 404,
  HANDLE_UNKNOWN: 404,
  MERCHANT_UNKNOWN: 404,
  TARIFF_FULL: 409,
  NOT_PARKED: 409,
  RESOLVED_OTHERWISE: 409,
  NOT_OFFERED: 409,
  EARLIER_FIRST: 409,
  PASS_NOT_SAFE: 409,
  KEY_REUSED: 409,
  AMOUNT_CHANGED: 409,
  PAYEE_CHANGED: 409,
  TOO_MUCH: 409,
  TOO_LATE: 409,
  MANAGER_NEEDED: 403,
  REFUND_LIMIT: 409,
  TOO_MANY_STREAMS: 503,
  PAYMENT_CODES_OFF: 503,
  PAGES_NOT_BUILT: 503,
} as const;
export type RefusalCode = keyof typeof REFUSAL_STATUS;

export const refusalSchema = z.object({
  code: z.string().describe('stable name of the reason'),
  message: z.string().describe('the same for a person'),
});
export type RefusalBody = z.infer<typeof refusalSchema>;
