/**
 * Gates and what they sent, all of one gate in one slot (ids.ts). What was received can't be changed or deleted; a
 * record may still learn how it ended, when it was and, once, its use.
 */
import { appendOnly } from './append-only.ts';
import type { Migration } from './migration.ts';

const GATES = [
  `CREATE TABLE gate (
     gate text COLLATE "C" NOT NULL, slot smallint NOT NULL, scope bigint NOT NULL,
     created_at_ms bigint NOT NULL, enrolled_at_ms bigint, last_sync_ms bigint,
     trust_seen bigint, deny_seen bigint, tariff_seen bigint, deny_at_s bigint,
     lists_stage text COLLATE "C", PRIMARY KEY (gate, slot))`,
  `CREATE TABLE gate_line (
     gate text COLLATE "C" NOT NULL, number bigint NOT NULL, slot smallint NOT NULL,
     line text COLLATE "C" NOT NULL, from_ms bigint NOT NULL,
     PRIMARY KEY (gate, number, slot), FOREIGN KEY (gate, slot) REFERENCES gate)`,
  `CREATE TABLE gate_token (
     token_hash text COLLATE "C" NOT NULL, slot smallint NOT NULL, gate text COLLATE "C" NOT NULL,
     line text COLLATE "C" NOT NULL, scope bigint NOT NULL, expires_at_ms bigint NOT NULL,
     used_at_ms bigint, PRIMARY KEY (token_hash, slot), FOREIGN KEY (gate, slot) REFERENCES gate)`,
  `CREATE INDEX gate_token_expiry ON gate_token (expires_at_ms) WHERE used_at_ms IS NULL`,
  `CREATE TABLE gate_key (
     id bigint NOT NULL, slot smallint NOT NULL CHECK (slot = id >> 18), gate text COLLATE "C" NOT NULL,
     public_key bytea NOT NULL, from_ms bigint NOT NULL, until_ms bigint, revoked_at_ms bigint,
     revoked_by text COLLATE "C", PRIMARY KEY (id, slot), FOREIGN KEY (gate, slot) REFERENCES gate)`,
  `CREATE INDEX gate_key_of ON gate_key (gate)`,
];

const LOGS = [
  `CREATE TABLE gate_epoch (
     id bigint NOT NULL, slot smallint NOT NULL CHECK (slot = id >> 18), gate text COLLATE "C" NOT NULL,
     epoch text COLLATE "C" NOT NULL, last_seq bigint NOT NULL,
     head bytea NOT NULL CHECK (length(head) = 32), gate_key_id bigint, clock_anchor text COLLATE "C",
     seal bytea, branch_of bigint, base_seq bigint, base_hash bytea,
     PRIMARY KEY (id, slot), UNIQUE (gate, epoch, slot), FOREIGN KEY (gate, slot) REFERENCES gate)`,
  `CREATE INDEX gate_epoch_branch ON gate_epoch (branch_of) WHERE branch_of IS NOT NULL`,
  `CREATE TABLE batch (
     id bigint NOT NULL, slot smallint NOT NULL CHECK (slot = id >> 45), epoch_id bigint NOT NULL,
     header_line bytea NOT NULL, seal_line bytea NOT NULL, gate_key_id bigint NOT NULL,
     received_at_ms bigint NOT NULL, PRIMARY KEY (id, slot), CHECK (epoch_id = id >> 27),
     FOREIGN KEY (epoch_id, slot) REFERENCES gate_epoch)`,
  `CREATE TABLE record (
     id bigint NOT NULL, slot smallint NOT NULL CHECK (slot = id >> 45), epoch_id bigint NOT NULL,
     seq bigint NOT NULL, batch_id bigint NOT NULL, line bytea NOT NULL, hash bytea NOT NULL,
     kind text COLLATE "C" NOT NULL
       CHECK (kind IN ('tap', 'ask', 'answer', 'void', 'note', 'unreadable')),
     verdict text COLLATE "C", gate_reason text COLLATE "C", at_ms bigint NOT NULL,
     clock text COLLATE "C", ride_line text COLLATE "C", of_seq bigint, use text COLLATE "C",
     ruling text COLLATE "C" NOT NULL, reason text COLLATE "C", received_at_ms bigint NOT NULL,
     outcome text COLLATE "C", ride_ms bigint, ride_ms_source text COLLATE "C",
     stale smallint NOT NULL DEFAULT 0 CHECK (stale IN (0, 1)), ceiling_cents bigint,
     PRIMARY KEY (id, slot), UNIQUE (epoch_id, seq, slot), CHECK (epoch_id = id >> 27),
     CHECK (seq = id & 134217727))`,
  `CREATE INDEX record_by_use ON record (use) WHERE use IS NOT NULL`,
  `CREATE INDEX record_odd ON record (epoch_id, outcome)
     WHERE outcome IS NOT NULL AND outcome NOT IN ('CHARGED', 'PENDING', 'PAID')`,
  `CREATE INDEX record_unpaid ON record (use)
     WHERE use IS NOT NULL AND outcome IN ('PENDING', 'EXTRA_USE')`,
  `CREATE TABLE unjudged (
     record bigint NOT NULL, slot smallint NOT NULL CHECK (slot = record >> 45),
     account text COLLATE "C", due smallint NOT NULL CHECK (due IN (0, 1)),
     PRIMARY KEY (record, slot), FOREIGN KEY (record, slot) REFERENCES record)`,
  `CREATE INDEX unjudged_due ON unjudged (record) WHERE due = 1`,
  `CREATE INDEX unjudged_account ON unjudged (account) WHERE account IS NOT NULL`,
  `CREATE TABLE odd_line (
     id bigint NOT NULL, slot smallint NOT NULL CHECK (slot = id >> 45), epoch_id bigint NOT NULL,
     seq bigint NOT NULL, batch_id bigint NOT NULL, line bytea NOT NULL, prev bytea NOT NULL,
     hash bytea NOT NULL, checked text COLLATE "C" NOT NULL, received_at_ms bigint NOT NULL,
     why text COLLATE "C" NOT NULL
       CHECK (why IN ('GAP', 'FORK', 'OTHER_BYTES', 'JOINED', 'ADOPTED', 'WRITTEN_OFF')),
     PRIMARY KEY (id, slot), UNIQUE (epoch_id, seq, hash, slot), CHECK (epoch_id = id >> 27))`,
  `CREATE INDEX odd_line_waiting ON odd_line (epoch_id, seq) WHERE why = 'GAP'`,
];

const RECORD =
  'id, slot, epoch_id, seq, batch_id, line, hash, kind, verdict, gate_reason, at_ms, clock, ride_line, of_seq, ruling, reason, received_at_ms';
const ODD_LINE = 'id, slot, epoch_id, seq, batch_id, line, prev, hash, checked, received_at_ms';

export const GATES_AND_LOGS: Migration = {
  name: '0002-gates',
  statements: [
    ...GATES,
    ...LOGS,
    ...appendOnly('batch'),
    ...appendOnly('record', RECORD),
    `CREATE TRIGGER record_use_once BEFORE UPDATE OF use ON record
       FOR EACH ROW WHEN (OLD.use IS NOT NULL) EXECUTE FUNCTION refuse_change()`,
    ...appendOnly('odd_line', ODD_LINE),
  ],
};
