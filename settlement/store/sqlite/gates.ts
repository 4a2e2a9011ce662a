/** Gates on SQLite: one-time tokens, keys with their time, and the lines at which a gate stood. */

import type { GateKeyRow } from '../port.ts';
import type { Connection } from './connection.ts';

export type GateToken = {
  tokenHash: string;
  gate: string;
  line: string;
  scope: number;
  expiresAtMs: number;
  nowMs: number;
};

export class Gates {
  readonly #build: Connection['build'];
  readonly #all: Connection['all'];
  readonly #first: Connection['first'];
  readonly #run: Connection['run'];

  constructor(connection: Connection) {
    this.#build = connection.build;
    this.#all = connection.all;
    this.#first = connection.first;
    this.#run = connection.run;
  }

  #setKey(gate: string, publicKey: Uint8Array, nowMs: number): void {
    const older = this.#build
      .updateTable('gate_key')
      .set({ until_ms: nowMs })
      .where('gate', '=', gate)
      .where('until_ms', 'is', null);
    this.#run(older);
    const key = { gate, public_key: publicKey, from_ms: nowMs, until_ms: null };
    this.#run(this.#build.insertInto('gate_key').values(key));
  }

  /** A gate's first line holds from the beginning of time: its clock may have been behind. */
  #setLine(gate: string, line: string, nowMs: number): void {
    const latest = this.#first(
      this.#build
        .selectFrom('gate_line')
        .select('line')
        .where('gate', '=', gate)
        .orderBy('number', 'desc')
        .limit(1),
    );
    if (latest?.line === line) return;
    const fromMs = latest === undefined ? 0 : nowMs;
    this.#run(this.#build.insertInto('gate_line').values({ gate, line, from_ms: fromMs }));
  }

  addGateToken(token: GateToken): void {
    const { tokenHash, gate, line, scope, expiresAtMs, nowMs } = token;
    this.#run(
      this.#build
        .insertInto('gate')
        .values({ gate, scope, created_at_ms: nowMs })
        .onConflict((conflict) => conflict.doNothing()),
    );
    const row = { token_hash: tokenHash, gate, line, scope, expires_at_ms: expiresAtMs };
    this.#run(this.#build.insertInto('gate_token').values(row));
  }

  enrolGate(tokenHash: string, publicKey: Uint8Array, nowMs: number) {
    const token = this.#first(
      this.#build
        .selectFrom('gate_token')
        .select(['gate', 'line', 'scope'])
        .where('token_hash', '=', tokenHash)
        .where('used_at_ms', 'is', null)
        .where('expires_at_ms', '>', nowMs),
    );
    if (token === undefined) return { kind: 'refused' } as const;
    const taken = this.#first(
      this.#build.selectFrom('gate_key').select('gate').where('public_key', '=', publicKey),
    );
    if (taken !== undefined) return { kind: 'keyTaken' } as const;
    const { gate, line, scope } = token;
    this.#run(
      this.#build
        .updateTable('gate_token')
        .set({ used_at_ms: nowMs })
        .where('token_hash', '=', tokenHash),
    );
    this.#run(
      this.#build
        .updateTable('gate')
        .set({ scope, enrolled_at_ms: nowMs })
        .where('gate', '=', gate),
    );
    this.#setKey(gate, publicKey, nowMs);
    this.#setLine(gate, line, nowMs);
    return { kind: 'enrolled', gate, line, scope } as const;
  }

  findGateKeys(gate: string): readonly GateKeyRow[] | undefined {
    const known = this.#first(
      this.#build.selectFrom('gate').select('gate').where('gate', '=', gate),
    );
    if (known === undefined) return undefined;
    const rows = this.#all(
      this.#build
        .selectFrom('gate_key')
        .select(['id', 'public_key as publicKey', 'until_ms as untilMs'])
        .where('gate', '=', gate)
        .orderBy('id', 'desc'),
    );
    // Plain bytes: a Buffer's slice() shares its memory, which those who copy a key do not expect.
    return rows.map((row) => ({ ...row, publicKey: new Uint8Array(row.publicKey) }));
  }

  sweepExpired(nowMs: number): void {
    const expired = this.#build
      .deleteFrom('gate_token')
      .where('expires_at_ms', '<=', nowMs)
      .where('used_at_ms', 'is', null);
    this.#run(expired);
  }
}
