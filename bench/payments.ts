/**
 * How fast settlement takes payments: a real process, thirty-two tills that take one payment after the
 * other over loopback, each with another rider's good payment code. The floor is measured before each
 * round on the same disk: one insert a commit, durable, nothing else. Then, one at a time, while two
 * gates send their logs.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { systemRandom } from '@stile/host/random.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import {
  otpOfTimeStep,
  SEED_BYTES,
  TIME_STEP_S,
  timeStepAt,
  writePaymentCode,
} from '@stile/protocol/payment-code.ts';
import { paymentLimitsOf } from '@stile/settlement/config.ts';
import { DATABASE_FILE } from '@stile/settlement/database-place.ts';
import { createSeedBox } from '@stile/settlement/keys/seeds.ts';
import { tokenHash } from '@stile/settlement/keys/tokens.ts';
import { initSettlement } from '@stile/settlement/main.ts';
import { openPool } from '@stile/settlement/store/postgres/session.ts';
import { openPostgresStore } from '@stile/settlement/store/postgres/store.ts';
import { openSqliteStore } from '@stile/settlement/store/sqlite/store.ts';
import Database from 'better-sqlite3';
import { createOperatorClient } from '../cli/operator-client.ts';
import {
  prepareTaps,
  SETTINGS,
  sendAll,
  startSettlement,
  stopSettlement,
  untilSettled,
} from './ingest.ts';
import { median, type Waits, waitsOf } from './statistics.ts';

const ENROLLED = { enrolledBy: 'open', personHash: null, inviteHash: null } as const;

const TILLS = 32;
/** Of one settlement process to PostgreSQL. */
const CONNECTIONS = 16;
const MERCHANT = 'bench';
const AMOUNT_CENTS = 100;
const RIDER_CENTS = 1_000;
const UNLIMITED = 10_000_000;
/** Paid first and not counted: code that has just started is not compiled yet. */
const WARM_UP = 600;
const BARE_COMMITS = 1_500;
/** Of a payment's row, roughly. */
const BARE_ROW_BYTES = 250;
const PAUSE_MS = 5;

export type PaymentsReport = {
  rounds: { barePerS: number; perS: number; waits: Waits }[];
  ratio: number;
  /** One payment after the other, with a short pause, while two gates send their logs. */
  besideIngest: { waits: Waits };
};

type Phone = { handle: string; seed: Uint8Array };

export async function measurePayments(options: {
  folder: string;
  rounds: number;
  perRound: number;
  batches: number;
  /** Of a PostgreSQL that has the books; default: a file. */
  database?: string;
  say: (text: string) => void;
}): Promise<PaymentsReport> {
  const { folder, rounds, perRound, batches, database, say } = options;
  const dataDir = join(folder, database === undefined ? 'payments' : 'payments-postgres');
  const beside = batches * 60;
  const count = WARM_UP + rounds * perRound + beside;
  say(`enrolling ${count} phones`);
  const token = toHex(randomBytes(32));
  const seedKey = toHex(randomBytes(32));
  const phones = await prepare(dataDir, { token, seedKey, count, database });
  const { child, url } = await startSettlement(dataDir, {
    STILE_SEED_KEY: seedKey,
    ...(database && { STILE_DATABASE: database }),
  });
  const agent = new Agent({ keepAlive: true, maxSockets: TILLS });
  const till = { url, token, agent };
  try {
    await payAll(till, phones.splice(0, WARM_UP));
    const measured: PaymentsReport['rounds'] = [];
    for (let round = 0; round < rounds; round += 1) {
      say(`round ${round + 1} of ${rounds}: ${perRound} payments`);
      const barePerS =
        database === undefined
          ? measureCommits(join(folder, `bare-${round}.db`))
          : await measurePostgresCommits(database);
      const payers = phones.splice(0, perRound);
      measured.push({ barePerS, ...(await payAll(till, payers)) });
    }
    say('paying while two gates send');
    const operator = createOperatorClient(url, dataDir);
    const { gates, codes } = await prepareTaps(operator, { url, batches });
    let isSending = true;
    const paying = payUntil(till, { phones, isOver: () => !isSending });
    await Promise.all(gates.map((gate) => sendAll(url, gate)));
    await untilSettled(operator, codes.length);
    isSending = false;
    const waits = await paying;
    const ratio = median(measured.map(({ perS, barePerS }) => perS / barePerS));
    return { rounds: measured, ratio, besideIngest: { waits } };
  } finally {
    agent.destroy();
    await stopSettlement(child);
  }
}

/** Phones as if each had enrolled, topped up and fetched a seed, straight into the database. */
async function prepare(
  dataDir: string,
  {
    token,
    seedKey,
    count,
    database,
  }: { token: string; seedKey: string; count: number; database: string | undefined },
): Promise<Phone[]> {
  const tills = { paymentsPerMinute: UNLIMITED, merchantRequestsPerMinute: UNLIMITED };
  const settings = { ...SETTINGS, http: { ...SETTINGS.http, ...tills } };
  const { config } = await initSettlement(dataDir, settings, { database });
  const { limits: limitsNow, issuer } = config;
  const file = join(dataDir, DATABASE_FILE);
  const limits = { limitsNow, paymentLimits: paymentLimitsOf(config) };
  const store =
    database === undefined
      ? await openSqliteStore({ file, ...limits })
      : await openPostgresStore({ url: database, dataDir, ...limits });
  const seedBox = createSeedBox(seedKey, systemRandom);
  const nowMs = Date.now();
  const issue = { issuer, keyId: 1, issuedAtS: 0, expiresAtS: Math.ceil(nowMs / 1000) + 86_400 };
  const phones: Phone[] = [];
  try {
    const hashes = { tokenHash: tokenHash(token), managerTokenHash: tokenHash(`${token} manager`) };
    await store.setMerchant({ merchant: MERCHANT, name: 'Bench', ...hashes, nowMs });
    for (let n = 0; n < count; n += 1) {
      const account = toHex(createHash('sha256').update(`rider ${n}`).digest().subarray(0, 8));
      const owner = { handle: String(10_000_000 + n * 7), account, serial: 1 };
      const pass = { account, serial: 1, algorithm: 'Ed25519', publicKey: `phone ${n}` } as const;
      await store.addRider({ ...pass, ...issue, ...ENROLLED, nowMs });
      await store.topUp({ issuer, account, key: 'bench', amountCents: RIDER_CENTS, nowMs });
      const seed = randomBytes(SEED_BYTES);
      const expiresAtMs = nowMs + 86_400_000;
      await store.addSeed({ ...owner, ...seedBox.seal(seed, owner), nowMs, expiresAtMs });
      phones.push({ handle: owner.handle, seed });
    }
  } finally {
    await store.close();
  }
  return phones;
}

/** Commits a second of one small row each, WAL and synchronous=FULL as settlement has it. */
function measureCommits(file: string): number {
  const db = new Database(file);
  try {
    db.pragma('journal_mode = WAL');
    db.exec('CREATE TABLE row (id INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT');
    db.pragma('synchronous = FULL');
    const insert = db.prepare('INSERT INTO row (content) VALUES (?)');
    const content = randomBytes(BARE_ROW_BYTES);
    const from = performance.now();
    for (let n = 0; n < BARE_COMMITS; n += 1) insert.run(content);
    return (BARE_COMMITS * 1000) / (performance.now() - from);
  } finally {
    db.close();
  }
}

/** The same on PostgreSQL, by as many connections as settlement has. */
async function measurePostgresCommits(url: string): Promise<number> {
  const pool = openPool({ url, connectionsMax: CONNECTIONS });
  try {
    await pool.session.run(
      'CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, content bytea NOT NULL)',
    );
    const content = randomBytes(BARE_ROW_BYTES);
    let left = BARE_COMMITS;
    const from = performance.now();
    const clients = Array.from({ length: CONNECTIONS }, async () => {
      while (left > 0) {
        left -= 1;
        await pool.session.run('INSERT INTO bare (content) VALUES ($1)', [content]);
      }
    });
    await Promise.all(clients);
    const perS = (BARE_COMMITS * 1000) / (performance.now() - from);
    await pool.session.run('DROP TABLE bare');
    return perS;
  } finally {
    await pool.close();
  }
}

type Till = { url: string; token: string; agent: Agent };
type PaymentRequest = { body: string; handle: string };

/** Written beforehand: tills scan codes, they do not make them. The next time step's code is good as well. */
function requestOf({ handle, seed }: Phone): PaymentRequest {
  const timeStep = timeStepAt(Math.floor(Date.now() / 1000) + TIME_STEP_S / 2);
  const code = writePaymentCode({ handle, otp: otpOfTimeStep(seed, timeStep) });
  const idempotencyKey = `bench-${handle}`;
  return { handle, body: JSON.stringify({ idempotencyKey, code, amountCents: AMOUNT_CENTS }) };
}

async function payAll(till: Till, phones: readonly Phone[]) {
  const requests = phones.map(requestOf);
  const waits: number[] = [];
  const from = performance.now();
  const tills = Array.from({ length: TILLS }, async () => {
    for (let one = requests.pop(); one !== undefined; one = requests.pop()) {
      waits.push(await pay(till, one));
    }
  });
  await Promise.all(tills);
  return { perS: (phones.length * 1000) / (performance.now() - from), waits: waitsOf(waits) };
}

/** One till, a payment every few milliseconds; stops early if phones run out. */
async function payUntil(
  till: Till,
  { phones, isOver }: { phones: Phone[]; isOver: () => boolean },
): Promise<Waits> {
  const waits: number[] = [];
  for (let phone = phones.pop(); phone !== undefined && !isOver(); phone = phones.pop()) {
    waits.push(await pay(till, requestOf(phone)));
    await new Promise((next) => setTimeout(next, PAUSE_MS));
  }
  return waitsOf(waits);
}

/** Milliseconds until the response was read. */
async function pay({ url, token, agent }: Till, { body, handle }: PaymentRequest): Promise<number> {
  const from = performance.now();
  const text = await new Promise<string>((done, fail) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const sent = request(new URL('v1/payments', url), { method: 'POST', agent, headers });
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => done(Buffer.concat(chunks).toString()));
      response.on('error', fail);
    });
    sent.on('error', fail);
    sent.end(body);
  });
  const waitedMs = performance.now() - from;
  const { outcome } = JSON.parse(text) as Partial<Payment>;
  if (outcome !== 'PAID') throw new Error(`the code of ${handle} did not pay: ${text}`);
  return waitedMs;
}
