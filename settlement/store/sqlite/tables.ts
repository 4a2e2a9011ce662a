/** The tables as the query builder sees them; migrations/ is where they are made. */
import type { Generated } from 'kysely';

export type Tables = {
  meta: { key: string; value: string };
  issuer_key: {
    issuer: number;
    key_id: number;
    public_key: string;
    not_before_s: number;
    not_after_s: number;
    status: 'active' | 'retired' | 'revoked';
    ceiling_exponent: number;
    signs_from_s: number;
  };
  tariff_line: {
    version: Generated<number>;
    line: string;
    fare_cents: number;
    from_s: number;
    set_at_ms: number;
  };
  trust_list: { version: number; jws: string; payload: string; made_at_ms: number };
  list_rules: {
    version: number;
    issued_at_s: number;
    code_lifetime_s_max: number;
    skew_s: number;
    revoked: string;
    list_sha256: Uint8Array;
    seal: Uint8Array;
  };
  refused_key: { payee: string; key: string; reason: string; at_ms: number };
  cut: { kind: string; rows: number; link: Uint8Array; seal: Uint8Array };
  deny_version: { version: number; count: number; set_digest: string; made_at_ms: number };
  deny_entry: { id: Uint8Array; added_in: number; removed_in: number | null };
  denial: {
    number: Generated<number>;
    id: Uint8Array;
    cause: 'DEBT' | 'OPERATOR' | 'RIDER';
    note: string;
    since_ms: number;
    lifted_at_ms: number | null;
  };
  deny_dirty: { id: Uint8Array };
  account: {
    account: string;
    created_at_ms: number;
    enrolled_by: Generated<'open' | 'invite' | 'deposit' | 'verified'>;
    person_hash: string | null;
  };
  invite: {
    token_hash: string;
    kind: 'invite' | 'deposit' | 'verified';
    person_hash: string | null;
    expires_at_ms: number;
    used_at_ms: number | null;
  };
  top_up_intent: {
    account: string;
    key: string;
    amount_cents: number;
    state: 'INTENT' | 'UNKNOWN' | 'FAILED' | 'PAID';
    begun_at_ms: number;
    changed_at_ms: number;
    attempts: number;
    due_at_ms: number;
  };
  pass: {
    account: string;
    serial: number;
    algorithm: 'Ed25519' | 'P-256';
    public_key: string;
    enrolled_at_ms: number;
    ended_at_ms: number | null;
    ended_why: 'MOVED' | 'BLOCKED' | null;
  };
  pass_issue: {
    number: Generated<number>;
    account: string;
    serial: number;
    issuer: number;
    key_id: number;
    issued_at_s: number;
    expires_at_s: number;
  };
  session: { token_hash: string; account: string; serial: number; expires_at_s: number };
  recovery_code: {
    code_hash: string;
    account: string;
    kind: 'RECOVERY' | 'MOVE' | 'PHONE';
    made_at_ms: number;
    expires_at_ms: number | null;
    ended_at_ms: number | null;
    used_serial: number | null;
  };
  approval: {
    id: number;
    account: string;
    note: string;
    by_name: string;
    asked_at_ms: number;
    ends_at_ms: number;
    approved_by: string | null;
    approved_at_ms: number | null;
    used_at_ms: number | null;
  };
  top_up: {
    number: Generated<number>;
    account: string;
    key: string;
    amount_cents: number;
    at_ms: number;
  };
  gate: {
    gate: string;
    scope: number;
    created_at_ms: number;
    enrolled_at_ms: number | null;
    last_sync_ms: number | null;
    trust_seen: number | null;
    deny_seen: number | null;
    tariff_seen: number | null;
    deny_at_s: number | null;
    lists_stage: string | null;
  };
  gate_line: { number: Generated<number>; gate: string; line: string; from_ms: number };
  gate_token: {
    token_hash: string;
    gate: string;
    line: string;
    scope: number;
    expires_at_ms: number;
    used_at_ms: number | null;
  };
  gate_key: {
    id: Generated<number>;
    gate: string;
    public_key: Uint8Array;
    from_ms: number;
    until_ms: number | null;
    revoked_at_ms: number | null;
    revoked_by: string | null;
  };
  gate_epoch: {
    id: Generated<number>;
    gate: string;
    epoch: string;
    last_seq: number;
    head: Uint8Array;
    gate_key_id: number | null;
    clock_anchor: string | null;
    seal: Uint8Array | null;
    branch_of: number | null;
    base_seq: number | null;
    base_hash: Uint8Array | null;
  };
  batch: {
    id: Generated<number>;
    epoch_id: number;
    header_line: Uint8Array;
    seal_line: Uint8Array;
    gate_key_id: number;
    received_at_ms: number;
  };
  record: {
    id: Generated<number>;
    epoch_id: number;
    seq: number;
    batch_id: number;
    line: Uint8Array;
    hash: Uint8Array;
    kind: 'tap' | 'ask' | 'answer' | 'void' | 'note' | 'unreadable';
    verdict: 'open' | 'refuse' | null;
    gate_reason: string | null;
    at_ms: number;
    clock: 'TRUSTED' | 'HOLDOVER' | 'UNKNOWN' | null;
    ride_line: string | null;
    of_seq: number | null;
    use: string | null;
    ruling: string;
    reason: string | null;
    received_at_ms: number;
    outcome: string | null;
    ride_ms: number | null;
    ride_ms_source: 'GATE' | 'BOOT' | 'CODE' | 'BOUND' | null;
    stale: Generated<number>;
    ceiling_cents: number | null;
  };
  unjudged: { record: number; account: string | null; due: number };
  odd_line: {
    id: Generated<number>;
    epoch_id: number;
    seq: number;
    batch_id: number;
    line: Uint8Array;
    prev: Uint8Array;
    hash: Uint8Array;
    checked: string;
    received_at_ms: number;
    why: 'GAP' | 'FORK' | 'OTHER_BYTES' | 'JOINED' | 'ADOPTED' | 'WRITTEN_OFF';
  };
  resolution: {
    number: Generated<number>;
    odd_line: number | null;
    record: number | null;
    how: 'REPLAY' | 'ADOPT' | 'ACCEPT' | 'WRITE_OFF';
    why: string;
    by_name: string;
    note: string;
    at_ms: number;
    use: string | null;
    line: string | null;
    ride_ms: number | null;
    ceiling_cents: number | null;
    fare_cents: number | null;
    tariff_version: number | null;
    adopted_record: number | null;
  };
  ledger_account: { name: string; kind: string; debits_cents: number; credits_cents: number };
  book_seal: { name: string; last_number: number; link: Uint8Array };
  transfer: {
    number: Generated<number>;
    id: string;
    debit: string;
    credit: string;
    amount_cents: number;
    code: string;
    happened_at_ms: number;
    recorded_at_ms: number;
  };
  charge: {
    use: string;
    account: string;
    rev: number;
    record: number;
    line: string;
    fare_cents: number;
    owed_cents: number;
    state: string;
    reason: string | null;
    ridden_at_ms: number;
    recorded_at_ms: number;
  };
  charge_event: {
    number: Generated<number>;
    use: string;
    rev: number;
    state: string;
    fare_cents: number;
    owed_cents: number;
    record: number;
    reason: string | null;
    ridden_at_ms: number;
    recorded_at_ms: number;
  };
  outbox: {
    id: Generated<number>;
    kind: string;
    cursor: number;
    until: number;
    subject: string;
    attempts: number;
    created_at_ms: number;
    failed: string | null;
    failed_since_ms: number | null;
    due_at_ms: number;
    records_max: number | null;
  };
  merchant: {
    merchant: string;
    name: string;
    token_hash: string;
    manager_token_hash: string | null;
    last_receipt: number;
    created_at_ms: number;
    blocked_at_ms: number | null;
  };
  payment_seed: {
    handle: string;
    account: string;
    serial: number;
    key_id: string;
    sealed: Uint8Array;
    created_at_ms: number;
    expires_at_ms: number;
    confirmed_at_ms: number | null;
    ended_at_ms: number | null;
    failures: number;
    paid_cents: number;
  };
  spent_step: { handle: string; step: number };
  online_code: {
    code_hash: string;
    account: string;
    serial: number;
    expires_at_ms: number;
    state: 'live' | 'used' | 'ended';
    bound_cents: number | null;
  };
  payee_failure: { number: Generated<number>; payee: string; at_ms: number; way: string };
  purchase_order: {
    order_id: string;
    merchant: string;
    key: string;
    amount_cents: number;
    note: string | null;
    state: 'OPEN' | 'PAID' | 'CANCELLED';
    created_at_ms: number;
    expires_at_ms: number;
  };
  payment: {
    id: Generated<number>;
    payee: string;
    key: string;
    request_hash: string;
    outcome: 'PAID' | 'REFUSED';
    reason: string | null;
    way: string | null;
    account: string | null;
    serial: number | null;
    handle: string | null;
    line: string | null;
    note: string | null;
    order_id: string | null;
    amount_cents: number;
    refunded_cents: number;
    receipt: number | null;
    at_ms: number;
  };
  payment_refund: {
    id: Generated<number>;
    payment: number;
    key: string;
    amount_cents: number;
    why: string;
    at_ms: number;
  };
};
