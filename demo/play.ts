/** What happens in the demo, in order. It tells each scene and collects the numbers; it judges none. */
import { readFileSync } from 'node:fs';
import { generateKey, keyFromJwk, type SigningKey } from '@stile/crypto/sign.ts';
import { makeTransitCode } from '@stile/phone/code.ts';
import { readPhone } from '@stile/phone/phone-file.ts';
import { concatBytes, fromHex } from '@stile/protocol/bytes.ts';
import { encodePass, issuerMessage, readSignedPass } from '@stile/protocol/transit-code.ts';
import { type Line, stile, stileJson } from './processes.ts';
import { fetchOnlineCode, makePaymentCode, type Sale, Shop } from './shop.ts';
import { FARE_CENTS, LINE, type Outcome, type Phone, type Stage } from './stage.ts';

export type Scene = { heading: boolean; text: string };

export type Tap = {
  who: string;
  what: string;
  expected: string;
  got: string;
  seq: number;
  /** What settlement made of it: CHARGED or PAID for what was opened, nothing for what was refused. */
  settled: string;
  expectedSettled: string;
};
export type Money = {
  name: string;
  rides: number;
  topUpCents: number;
  shopCents: number;
  balanceCents: number;
  debtCents: number;
  denied: boolean;
  expected: { balanceCents: number; debtCents: number; denied: boolean };
};
export type Check = { name: string; ok: boolean; detail: string };
export type Result = {
  taps: Tap[];
  sales: Sale[];
  money: Money[];
  ledger: Check[];
  gateLog: Check[];
  openings: { expected: number; got: number };
  /** For who plays on with `--keep`. */
  merchantToken: string;
  revenue: { expectedCents: number; gotCents: number };
  takings: { expectedCents: number; gotCents: number };
};

type Rider = { phone: Phone; topUpCents: number; rides: number };
type Shot = Parameters<Stage['show']>[1];

const LATE_MIN = 10;

export async function play(stage: Stage, say: (scene: Scene) => void): Promise<Result> {
  const script = new Script(stage, say);
  await script.prepare();
  await script.rideOffline();
  await script.crash();
  await script.reconnect();
  await script.payWithNetwork();
  return await script.collect();
}

class Script {
  readonly #stage: Stage;
  readonly #say: (scene: Scene) => void;
  readonly #riders = new Map<string, Rider>();
  readonly #taps: Tap[] = [];
  readonly #shop: Shop;
  #lastSeq = 0;

  constructor(stage: Stage, say: (scene: Scene) => void) {
    this.#stage = stage;
    this.#say = say;
    this.#shop = new Shop(stage, (text) => this.#tell(text));
  }

  #head(text: string): void {
    this.#say({ heading: true, text });
  }

  #tell(text: string): void {
    this.#say({ heading: false, text });
  }

  #rider(name: string): Rider {
    const rider = this.#riders.get(name);
    if (rider === undefined) throw new Error(`nobody is called ${name}`);
    return rider;
  }

  async #enrol(name: string, algorithm: string, topUpCents: number): Promise<void> {
    const phone = await this.#stage.enrolRider(name, algorithm, topUpCents);
    this.#riders.set(name, { phone, topUpCents, rides: 0 });
    this.#tell(
      `${name}: ${algorithm}, account ${phone.account}, ${cents(topUpCents)} in the wallet`,
    );
  }

  /** One presentation: a picture before the scanner, the gate's verdict, what it should have been. */
  async #present(
    who: string,
    what: string,
    text: string,
    expected: string,
    shot: Shot = {},
    opened: 'CHARGED' | 'PAID' = 'CHARGED',
  ) {
    const kind = this.#taps.length % 3 === 1 ? 'jpg' : 'png';
    const outcome = this.#stage.outcome();
    await this.#stage.show(text, shot, kind);
    const judged = await outcome;
    const got = wordOf(judged);
    // A code that was not even asked about leaves no record.
    this.#lastSeq = Math.max(this.#lastSeq, judged.seq);
    const expectedSettled = expected === 'open' ? opened : '';
    this.#taps.push({ who, what, expected, got, seq: judged.seq, settled: '', expectedSettled });
    const rider = this.#riders.get(who);
    if (got === 'open' && rider !== undefined) rider.rides += 1;
    const mark = got === expected ? '' : `   (expected ${expected})`;
    this.#tell(`${who.padEnd(8)} ${what.padEnd(36)} ${got}${mark}`);
    // The next rider steps up when the barrier has closed behind this one.
    if (got === 'open') await this.#stage.barrierClosed();
  }

  async prepare(): Promise<void> {
    this.#head('A back office, a gate, and riders who are still online');
    await this.#stage.startSettlement();
    this.#tell(
      `settlement at ${this.#stage.settlementUrl}, line ${LINE} costs ${cents(FARE_CENTS)}`,
    );
    await this.#enrol('ada', 'Ed25519', 1_000);
    await this.#enrol('ben', 'P-256', 600);
    await this.#enrol('cleo', 'P-256', 0);
    await this.#enrol('dan', 'Ed25519', 1_000);
    await this.#enrol('finn', 'P-256', 500);
    for (const name of ['ada', 'ben', 'dan', 'finn']) {
      await stile('rider', 'seed', '--phone', this.#rider(name).phone.file);
    }
    await this.#shop.open();
    this.#tell('Harbour Kiosk takes payments; four phones have a seed for payment codes');
    await this.#stage.operate('deny', this.#rider('dan').phone.account, '--note', 'phone stolen');
    this.#tell('dan has lost his phone: the operator puts his account onto the deny list');
    await this.#stage.startHardware();
    await this.#stage.enrolGate();
    await this.#stage.gateSays('lists with dan denied', (line) => line.msg === 'uplink');
    this.#tell('gate harbour-1 enrolled; scanner, barrier and display are ptys');
    await this.#stage.cable.unplug();
    this.#head('The network is gone: phones make codes alone, the gate judges them alone');
  }

  async rideOffline(): Promise<void> {
    const stage = this.#stage;
    const photo = { turnDegrees: 11, blurPx: 1, noise: 18, shade: 0.3 };
    const ada = await stage.makeCode(this.#rider('ada').phone);
    await this.#present('ada', 'honest, phone held askew', ada, 'open', photo);
    const ben = await stage.makeCode(this.#rider('ben').phone);
    const dim = { turnDegrees: -24, blurPx: 2, noise: 30, shade: 0.5 };
    await this.#present('ben', 'honest, dim and blurred', ben, 'open', dim);
    await this.#present('eve', "a screenshot of ada's code", ada, 'REPLAY', photo);
    const dan = await stage.makeCode(this.#rider('dan').phone);
    await this.#present('thief', "dan's stolen phone", dan, 'DENIED', { turnDegrees: 4 });
    const tenMinutesAgo = new Date(Date.now() - LATE_MIN * 60_000);
    const finn = await stage.makeCode(this.#rider('finn').phone, tenMinutesAgo);
    await this.#present('finn', 'a code ten minutes old', finn, 'CODE_EXPIRED', { noise: 40 });
    await this.#present(
      'mallory',
      'a pass of her own making',
      this.#forgePass(),
      'BAD_ISSUER_SIGNATURE',
    );
    const finnPays = await makePaymentCode(this.#rider('finn').phone);
    await this.#present('finn', 'a payment code, gate offline', finnPays, 'NO_NETWORK');
    const stolen = this.#forgeCode();
    await this.#present('mallory', "ada's pass, her own key", stolen, 'BAD_DEVICE_SIGNATURE');
    const cleo = await stage.makeCode(this.#rider('cleo').phone);
    await this.#present('cleo', 'honest, but no money', cleo, 'open', { turnDegrees: 175 });
  }

  async crash(): Promise<void> {
    const stage = this.#stage;
    this.#head('The gate loses power (SIGKILL) and starts again, still without a network');
    const ben = await stage.makeCode(this.#rider('ben').phone);
    await this.#present('ben', 'a second ride', ben, 'open', { turnDegrees: 8, blurPx: 1 });
    await stage.gate.end('SIGKILL');
    const ready = await stage.startGate();
    this.#tell(
      `ready again after ${ready.readyMs} ms, ${ready.unconfirmed} records wait for settlement`,
    );
    await this.#present('eve', "ben's code from before the crash", ben, 'REPLAY', { noise: 25 });
    const ada = await stage.makeCode(this.#rider('ada').phone);
    await this.#present('ada', 'a second ride', ada, 'open', { turnDegrees: 90, shade: 0.4 });
  }

  async reconnect(): Promise<void> {
    const stage = this.#stage;
    this.#head('The network is back: taps sync, accounts are verified, fares withheld');
    await stage.cable.plug();
    stage.gate.child.kill('SIGHUP');
    await this.#synced();
    await stage.gateSays(
      'a deny list with cleo',
      (line) => line.msg === 'lists' && line.denied === 2,
    );
    this.#tell('cleo could not pay: her fare is kept as debt, the new deny list is at the gate');
    const cleo = await stage.makeCode(this.#rider('cleo').phone);
    await this.#present('cleo', 'again, still no money', cleo, 'DENIED', { turnDegrees: -6 });
    await this.#synced();
  }

  async payWithNetwork(): Promise<void> {
    const phones = {
      ada: this.#rider('ada').phone,
      ben: this.#rider('ben').phone,
      dan: this.#rider('dan').phone,
    };
    this.#head('A kiosk with a network, phones without one: payment codes');
    await this.#shop.trade(phones);
    this.#head('A gate with a network takes payment and online codes too');
    const { phone } = this.#rider('finn');
    const offline = await makePaymentCode(phone);
    await this.#present('finn', 'a payment code', offline, 'open', { turnDegrees: 5 }, 'PAID');
    const online = await fetchOnlineCode(phone);
    await this.#present('finn', 'an online code', online, 'open', { noise: 20 }, 'PAID');
    const broke = await fetchOnlineCode(phone);
    await this.#present('finn', 'his wallet is empty now', broke, 'WALLET_SHORT');
    await this.#present('eve', "finn's online code", online, 'CODE_USED');
    await this.#synced();
  }

  /** Waits until settlement has confirmed the latest tap. */
  async #synced(): Promise<void> {
    const isConfirmed = (line: Line) =>
      line.msg === 'synced' && Number(line.ackSeq) >= this.#lastSeq;
    await this.#stage.gateSays('all records synced', isConfirmed);
  }

  async collect(): Promise<Result> {
    const stage = this.#stage;
    const money: Money[] = [];
    for (const [name, { phone, topUpCents, rides }] of this.#riders) {
      const now = await stileJson<{ balanceCents: number; debtCents: number; denied: boolean }>(
        ...['rider', 'show', '--phone', phone.file],
      );
      const shopCents = this.#shop.paidCents(name);
      const owed = rides * FARE_CENTS + shopCents;
      const expected = {
        balanceCents: Math.max(0, topUpCents - owed),
        debtCents: Math.max(0, owed - topUpCents),
        denied: owed > topUpCents || name === 'dan',
      };
      money.push({ name, rides, topUpCents, shopCents, ...now, expected });
    }
    const rides = money.reduce((sum, rider) => sum + rider.rides, 0);
    const balance = await stage.operate<{ accounts: { name: string; balanceCents: number }[] }>(
      'trial-balance',
    );
    const sumOf = (kind: string) =>
      balance.accounts
        .filter(({ name }) => name.startsWith(`${kind}:`))
        .reduce((sum, account) => sum + account.balanceCents, 0);
    const records = await stage.operate<{ seq: number; outcome: string | null }[]>(
      'taps',
      ...['--limit', '500'],
    );
    const taps = this.#taps.map((tap) => ({
      ...tap,
      settled: records.find(({ seq }) => seq === tap.seq)?.outcome ?? '',
    }));
    const ledger = await auditOf(stage.path('settlement'));
    const gateLog = await auditOf(stage.path('gate'));
    return {
      taps,
      sales: this.#shop.sales,
      money,
      ledger,
      gateLog,
      merchantToken: this.#shop.token,
      openings: { expected: rides, got: stage.barrierOpenings() },
      revenue: { expectedCents: rides * FARE_CENTS, gotCents: sumOf('revenue') },
      takings: { expectedCents: this.#shop.takingsCents(), gotCents: sumOf('merchant') },
    };
  }

  /** A pass for a key of hers, signed by an issuer key that she made up. */
  #forgePass(): string {
    const own = generateKey('Ed25519');
    const stolen = readSignedPass(passOf(this.#rider('ada').phone));
    if (!stolen.ok) throw new Error(stolen.detail);
    const fields = encodePass({
      ...stolen.value.pass,
      serial: 77,
      suite: 0,
      deviceKey: own.publicKey,
    });
    const pass = concatBytes(fields, generateKey('Ed25519').sign(issuerMessage(fields)));
    return makeTransitCode(pass, { fresh: fresh(1), sign: own.sign });
  }

  /** Ada's genuine pass, but the code is signed with another key than the pass names. */
  #forgeCode(): string {
    const { phone } = this.#rider('ada');
    return makeTransitCode(passOf(phone), { fresh: fresh(1_000), sign: otherKey(phone).sign });
  }
}

async function auditOf(dir: string): Promise<Check[]> {
  const text = await stile('audit', dir, '--json').catch((error: Error) => error.message);
  const found = text.indexOf('{');
  if (found < 0) return [{ name: `audit of ${dir}`, ok: false, detail: text }];
  return (JSON.parse(text.slice(found)) as { checks: Check[] }).checks;
}

function passOf(phone: Phone): Uint8Array {
  return fromHex(readPhone(phone.file).pass) ?? new Uint8Array(0);
}

function otherKey(phone: Phone): SigningKey {
  const { crv } = keyFromJwk(JSON.parse(readFileSync(phone.file, 'utf8')).key).privateJwk;
  return generateKey(crv === 'Ed25519' ? 'Ed25519' : 'P-256');
}

function fresh(counter: number) {
  return { generatedAtS: Math.floor(Date.now() / 1000), counter, flags: 0 };
}

function wordOf({ verdict, reason }: Outcome): string {
  return reason ?? verdict;
}

export function cents(amount: number): string {
  return `${(amount / 100).toFixed(2)}`;
}
