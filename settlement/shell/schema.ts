/** The tables of settlement, as Kysely sees them. Times are unix ms (`_ms`) or s (`_s`), ids are hex. */
import type { Generated, Insertable, Kysely, Selectable, Transaction } from 'kysely';
import type { ChargeState } from '../core/charge.ts';
import type { DenyCause } from '../core/deny.ts';

export type Tables = {
  account: { account: string; status: 'active' | 'closed'; created_at_ms: number };
  device: {
    account: string;
    serial: number;
    algorithm: 'Ed25519' | 'P-256';
    public_key: string;
    pass: string;
    pass_expires_s: number;
    created_at_ms: number;
  };
  session: { token_hash: string; account: string; serial: number; expires_at_s: number };
  top_up: { account: string; idempotency_key: string; amount_cents: number; at_ms: number };
  issuer_key: {
    issuer: number;
    key_id: number;
    public_key: string;
    not_before_s: number;
    not_after_s: number;
    status: 'active' | 'retired' | 'revoked';
    ceiling_exponent: number;
  };
  fare: { line: string; from_s: number; fare_cents: number };
  gate: { gate: string; line: string; scope: number; created_at_ms: number };
  gate_key: { gate: string; public_key: string; from_ms: number };
  gate_token: { token_hash: string; gate: string; expires_at_s: number; used_at_ms: number | null };
  chain: {
    gate: string;
    epoch: string;
    last_seq: number;
    head: string;
    first_at_ms: number;
    last_at_ms: number;
  };
  record: {
    gate: string;
    epoch: string;
    seq: number;
    line: Uint8Array;
    hash: Uint8Array;
    kind: 'tap' | 'void' | 'note' | 'unreadable';
    verdict: 'open' | 'refuse' | null;
    /** The gate's own reason for a refusal. */
    gate_reason: string | null;
    ruling: string;
    ruling_reason: string | null;
    at_ms: number | null;
    received_at_ms: number;
    use_key: string | null;
    account: string | null;
    line_name: string | null;
    fare_cents: number | null;
    voided_by_seq: number | null;
  };
  aside: {
    id: Generated<number>;
    gate: string;
    epoch: string;
    seq: number;
    line: Uint8Array;
    hash: string;
    why: 'CONFLICT' | 'FORK' | 'GAP';
    received_at_ms: number;
    joined_at_ms: number | null;
  };
  alarm: { id: Generated<number>; gate: string; what: string; detail: string; at_ms: number };
  charge: {
    use_key: string;
    account: string;
    state: ChargeState;
    gate: string | null;
    epoch: string | null;
    seq: number | null;
    line: string | null;
    fare_cents: number;
    ridden_at_ms: number | null;
    charged_at_ms: number;
    withheld_cents: number;
    revision: number;
  };
  charge_event: {
    id: Generated<number>;
    use_key: string;
    state: ChargeState;
    at_ms: number;
    recorded_at_ms: number;
    cause: string;
  };
  ledger_account: { name: string; debits_cents: number; credits_cents: number };
  transfer: {
    id: string;
    debit: string;
    credit: string;
    amount_cents: number;
    code: string;
    ref: string;
    event_at_ms: number;
    recorded_at_ms: number;
  };
  deny_cause: { id: string; cause: DenyCause; account: string; note: string; since_ms: number };
  deny_entry: { id: string; added_in: number; removed_in: number | null };
  deny_dirty: { id: string };
  deny_version: { version: number; count: number; set_digest: string; at_ms: number };
  trust_list: { version: number; jws: string; issued_at_s: number };
  outbox: {
    id: Generated<number>;
    job: 'settle' | 'publish';
    /** The account to settle; empty for publish. */
    ref: string;
    created_at_ms: number;
  };
};

export type Db = Kysely<Tables> | Transaction<Tables>;
export type Row<T extends keyof Tables> = Selectable<Tables[T]>;
export type NewRow<T extends keyof Tables> = Insertable<Tables[T]>;
