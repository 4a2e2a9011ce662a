/** Gates in the database: who they are, which keys they have had, how they become known, what is wrong. */
import { fromHex } from '@stile/protocol/bytes.ts';
import type { Db } from './schema.ts';

export async function findGate(db: Db, gate: string) {
  return await db.selectFrom('gate').selectAll().where('gate', '=', gate).executeTakeFirst();
}

/** Every key this gate has had: a batch that was sealed before a re-enrolment still counts. */
export async function listGateKeys(db: Db, gate: string): Promise<Uint8Array[]> {
  const rows = await db
    .selectFrom('gate_key')
    .select('public_key')
    .where('gate', '=', gate)
    .orderBy('from_ms', 'desc')
    .execute();
  return rows.map((row) => fromHex(row.public_key, 32) ?? new Uint8Array(0));
}

export async function addGate(
  db: Db,
  gate: { gate: string; line: string; scope: number },
  token: { hash: string; expiresAtS: number },
  atMs: number,
): Promise<void> {
  await db
    .insertInto('gate')
    .values({ ...gate, created_at_ms: atMs })
    .onConflict((conflict) =>
      conflict.column('gate').doUpdateSet({ line: gate.line, scope: gate.scope }),
    )
    .execute();
  await db
    .insertInto('gate_token')
    .values({
      token_hash: token.hash,
      gate: gate.gate,
      expires_at_s: token.expiresAtS,
      used_at_ms: null,
    })
    .execute();
}

/** Spends a token and adds the key; undefined where the token is unknown, used or too old. */
export async function enrolGateKey(
  db: Db,
  tokenHash: string,
  publicKey: string,
  atMs: number,
): Promise<{ gate: string; line: string; scope: number } | undefined> {
  const token = await db
    .updateTable('gate_token')
    .set({ used_at_ms: atMs })
    .where('token_hash', '=', tokenHash)
    .where('used_at_ms', 'is', null)
    .where('expires_at_s', '>', Math.floor(atMs / 1000))
    .returning('gate')
    .executeTakeFirst();
  if (token === undefined) return undefined;
  await db
    .insertInto('gate_key')
    .values({ gate: token.gate, public_key: publicKey, from_ms: atMs })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return await findGate(db, token.gate);
}

export async function raiseAlarm(
  db: Db,
  alarm: { gate: string; what: string; detail: string; atMs: number },
): Promise<void> {
  const { gate, what, detail, atMs } = alarm;
  await db.insertInto('alarm').values({ gate, what, detail, at_ms: atMs }).execute();
}

/** What an operator wants to see of each gate. */
export async function listGates(db: Db) {
  const gates = await db.selectFrom('gate').selectAll().orderBy('gate').execute();
  const chains = await db.selectFrom('chain').selectAll().orderBy('last_at_ms').execute();
  const alarms = await db
    .selectFrom('alarm')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(200)
    .execute();
  const waiting = await db
    .selectFrom('aside')
    .select(({ fn }) => ['gate', 'why', fn.countAll<number>().as('lines')])
    .where('joined_at_ms', 'is', null)
    .groupBy(['gate', 'why'])
    .execute();
  return gates.map((gate) => ({
    gate: gate.gate,
    line: gate.line,
    scope: gate.scope,
    logs: chains
      .filter((chain) => chain.gate === gate.gate)
      .map((chain) => ({
        epoch: chain.epoch,
        lastSeq: chain.last_seq,
        lastSyncAt: new Date(chain.last_at_ms).toISOString(),
      })),
    aside: waiting
      .filter((row) => row.gate === gate.gate)
      .map((row) => ({ why: row.why, lines: row.lines })),
    alarms: alarms
      .filter((alarm) => alarm.gate === gate.gate)
      .map(({ what, detail, at_ms }) => ({ what, detail, at: new Date(at_ms).toISOString() })),
  }));
}
