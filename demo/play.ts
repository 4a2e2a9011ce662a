/** What happens in the demo, in order. It tells each scene and collects the numbers; it judges none. */

import { collect, type Rider } from './collect.ts';
import { forgeCode, forgePass, stealPass } from './forgeries.ts';
import { plainMoney } from './money.ts';
import { revokeAndWriteOff } from './parked.ts';
import { type Presentation, wordOf } from './presentation.ts';
import { type LogRecord, stile } from './processes.ts';
import type { Result, Tap } from './result.ts';
import type { Losses, Scale } from './scale.ts';
import { fetchOnlineCode, makePaymentCode, Shop } from './shop.ts';
import { FARE_CENTS, LINE, type NewPhone, type Stage } from './stage.ts';

export type Scene = { heading: boolean; text: string };

const LATE_MIN = 10;

export async function play(stage: Stage, say: (scene: Scene) => void): Promise<Result> {
  const script = new Script(stage, say);
  await script.prepare();
  await script.rideOffline();
  await script.crash();
  await script.reconnect();
  await script.revokeKey();
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
  /** Let in, and nobody's to charge. */
  #strangers = 0;
  #losses: Losses | null = null;

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

  async #enrol(
    name: string,
    { algorithm, topUpCents, isVerified = false }: Omit<NewPhone, 'isVerified'> & Partial<NewPhone>,
  ): Promise<void> {
    const phone = await this.#stage.enrolRider(name, { algorithm, topUpCents, isVerified });
    this.#riders.set(name, { phone, topUpCents, rides: 0 });
    this.#tell(
      `${name}: ${algorithm}, account ${phone.account}, ${plainMoney(topUpCents)} in the wallet`,
    );
  }

  /** One presentation: a picture before the scanner, the gate's verdict, what it should have been. */
  async #present(presentation: Presentation): Promise<void> {
    const { who, what, text, expected, shot = {}, disposition = 'CHARGED' } = presentation;
    const { behind = 'WAIT' } = presentation;
    const kind = this.#taps.length % 3 === 1 ? 'jpg' : 'png';
    const next = this.#stage.nextVerdict();
    await this.#stage.show(text, { shot, kind });
    const verdict = await next;
    const actual = wordOf(verdict);
    // A code that was not even sent to settlement leaves no record.
    this.#lastSeq = Math.max(this.#lastSeq, verdict.seq);
    const expectedDisposition = expected === 'open' ? disposition : '';
    const { seq } = verdict;
    this.#taps.push({ who, what, expected, actual, seq, disposition: '', expectedDisposition });
    const rider = this.#riders.get(who);
    if (actual === 'open' && rider !== undefined) rider.rides += 1;
    if (actual === 'open' && rider === undefined) this.#strangers += 1;
    const mark = actual === expected ? '' : `   (expected ${expected})`;
    this.#tell(`${who.padEnd(8)} ${what.padEnd(36)} ${actual}${mark}`);
    // The next rider steps up when the barrier has closed behind this one.
    if (actual === 'open' && behind === 'WAIT') await this.#stage.barrierClosed();
  }

  async prepare(): Promise<void> {
    this.#head('A back office, a gate, and riders who are still online');
    await this.#stage.startSettlement();
    this.#tell(
      `settlement at ${this.#stage.settlementUrl}, line ${LINE} costs ${plainMoney(FARE_CENTS)}`,
    );
    await this.#enrol('ada', { algorithm: 'Ed25519', topUpCents: 1_000 });
    await this.#enrol('ben', { algorithm: 'P-256', topUpCents: 600 });
    await this.#enrol('cleo', { algorithm: 'P-256', topUpCents: 0, isVerified: true });
    await this.#enrol('gus', { algorithm: 'Ed25519', topUpCents: 0 });
    await this.#enrol('dan', { algorithm: 'Ed25519', topUpCents: 1_000 });
    await this.#enrol('finn', { algorithm: 'P-256', topUpCents: 500 });
    if (this.#stage.scale !== null) {
      await this.#enrol('hal', { algorithm: 'P-256', topUpCents: 500 });
    }
    for (const name of ['ada', 'ben', 'dan', 'finn']) {
      await stile(['rider', 'seed', '--phone', this.#rider(name).phone.file]);
    }
    await this.#shop.open();
    this.#tell('Harbour Kiosk takes payments; four phones have a seed for payment codes');
    const { account } = this.#rider('dan').phone;
    await this.#stage.operate('deny', [account, '--note', 'phone stolen']);
    this.#tell('dan has lost his phone: the operator puts his account onto the deny list');
    await this.#stage.startHardware();
    await this.#stage.enrolGate();
    await this.#stage.gateSays('lists with dan denied', ({ msg }) => msg === 'uplink');
    this.#tell('gate harbour-1 enrolled; scanner, barrier and display are ptys');
    await this.#stage.cable.unplug();
    this.#head('The network is gone: phones make codes alone, the gate judges them alone');
  }

  async rideOffline(): Promise<void> {
    const stage = this.#stage;
    const photo = { turnDegrees: 11, blurPx: 1, noise: 18, shade: 0.3 };
    const ada = await stage.makeCode(this.#rider('ada').phone);
    await this.#present({
      who: 'ada',
      what: 'honest, phone held askew',
      text: ada,
      expected: 'open',
      shot: photo,
    });
    const ben = await stage.makeCode(this.#rider('ben').phone);
    const dim = { turnDegrees: -24, blurPx: 2, noise: 30, shade: 0.5 };
    await this.#present({
      who: 'ben',
      what: 'honest, dim and blurred',
      text: ben,
      expected: 'open',
      shot: dim,
    });
    await this.#present({
      who: 'eve',
      what: "a screenshot of ada's code",
      text: ada,
      expected: 'REPLAY',
      shot: photo,
    });
    const dan = await stage.makeCode(this.#rider('dan').phone);
    await this.#present({
      who: 'thief',
      what: "dan's stolen phone",
      text: dan,
      expected: 'DENIED',
      shot: { turnDegrees: 4 },
    });
    const tenMinutesAgo = new Date(Date.now() - LATE_MIN * 60_000);
    const finn = await stage.makeCode(this.#rider('finn').phone, tenMinutesAgo);
    await this.#present({
      who: 'finn',
      what: 'a code ten minutes old',
      text: finn,
      expected: 'CODE_EXPIRED',
      shot: { noise: 40 },
    });
    await this.#present({
      who: 'mallory',
      what: 'a pass of her own making',
      text: forgePass(this.#rider('ada').phone),
      expected: 'BAD_ISSUER_SIGNATURE',
    });
    const finnPays = await makePaymentCode(this.#rider('finn').phone);
    await this.#present({
      who: 'finn',
      what: 'a payment code, gate offline',
      text: finnPays,
      expected: 'NO_NETWORK',
    });
    const stolen = forgeCode(this.#rider('ada').phone);
    await this.#present({
      who: 'mallory',
      what: "ada's pass, her own key",
      text: stolen,
      expected: 'BAD_DEVICE_SIGNATURE',
    });
    const cleo = await stage.makeCode(this.#rider('cleo').phone);
    await this.#present({
      who: 'cleo',
      what: 'honest, no money, one ride on credit',
      text: cleo,
      expected: 'open',
      shot: { turnDegrees: 175 },
    });
    const gus = await stage.makeCode(this.#rider('gus').phone);
    await this.#present({
      who: 'gus',
      what: 'an empty wallet, nothing behind it',
      text: gus,
      expected: 'ALLOWANCE_USED',
      shot: { turnDegrees: -4 },
    });
  }

  async crash(): Promise<void> {
    const stage = this.#stage;
    this.#head('The gate loses power (SIGKILL) and starts again, still without a network');
    const ben = await stage.makeCode(this.#rider('ben').phone);
    await this.#present({
      who: 'ben',
      what: 'a second ride',
      text: ben,
      expected: 'open',
      shot: { turnDegrees: 8, blurPx: 1 },
    });
    await stage.gate.end('SIGKILL');
    const ready = await stage.startGate();
    this.#tell(
      `ready again after ${ready.readyMs} ms, ${ready.unconfirmed} records wait for settlement`,
    );
    await this.#present({
      who: 'eve',
      what: "ben's code from before the crash",
      text: ben,
      expected: 'REPLAY',
      shot: { noise: 25 },
    });
    const ada = await stage.makeCode(this.#rider('ada').phone);
    await this.#present({
      who: 'ada',
      what: 'a second ride',
      text: ada,
      expected: 'open',
      shot: { turnDegrees: 90, shade: 0.4 },
    });
  }

  async reconnect(): Promise<void> {
    const stage = this.#stage;
    this.#head('The network is back: taps sync, accounts are verified, fares withheld');
    await stage.cable.plug();
    stage.gate.child.kill('SIGHUP');
    await this.#synced();
    if (stage.scale !== null) await this.#lose(stage.scale);
    await stage.gateSays(
      'a deny list with cleo',
      ({ msg, denied }) => msg === 'lists' && denied === 2,
    );
    this.#tell('cleo could not pay: her fare is kept as debt, the new deny list is at the gate');
    const cleo = await stage.makeCode(this.#rider('cleo').phone);
    await this.#present({
      who: 'cleo',
      what: 'again, still no money',
      text: cleo,
      expected: 'DENIED',
      shot: { turnDegrees: -6 },
    });
    await this.#synced();
  }

  /** What has just been synced is half done; the taps go on. */
  async #lose(scale: Scale): Promise<void> {
    this.#losses = await scale.lose();
    const { worker, leader, successor, redisKeys } = this.#losses;
    this.#tell(`${worker} and ${leader}, which leads, are killed; Redis forgets ${redisKeys} keys`);
    await this.#present({
      who: 'hal',
      what: 'a ride while nobody leads',
      text: await this.#stage.makeCode(this.#rider('hal').phone),
      expected: 'open',
      shot: { turnDegrees: -11 },
    });
    await this.#synced();
    await scale.untilSuccessorLeads();
    this.#tell(`hal's tap is with ${successor}, which leads by now`);
  }

  async revokeKey(): Promise<void> {
    const stage = this.#stage;
    this.#head("The issuer's key has been copied: the operator revokes it");
    const { phone } = this.#rider('ada');
    await this.#present({
      who: 'mallory',
      what: "a pass for ada's account by that key",
      text: stealPass(phone, stage.path('settlement')),
      expected: 'open',
      disposition: 'WRITTEN_OFF',
      behind: 'GO_ON',
    });
    await this.#synced();
    await revokeAndWriteOff(stage, (text) => this.#tell(text));
    stage.gate.child.kill('SIGHUP');
    await stage.gateSays('the list that revokes it', ({ msg }) => msg === 'lists');
    await stage.barrierClosed();
    await this.#present({
      who: 'mallory',
      what: 'a pass by the copied key',
      text: stealPass(phone, stage.path('settlement')),
      expected: 'KEY_EXPIRED',
    });
    await this.#present({
      who: 'ada',
      what: 'her old pass, until she is online',
      text: await stage.makeCode(phone),
      expected: 'KEY_EXPIRED',
      shot: { turnDegrees: 3 },
    });
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
    await this.#present({
      who: 'finn',
      what: 'a payment code',
      text: offline,
      expected: 'open',
      shot: { turnDegrees: 5 },
      disposition: 'PAID',
    });
    const online = await fetchOnlineCode(phone);
    await this.#present({
      who: 'finn',
      what: 'an online code',
      text: online,
      expected: 'open',
      shot: { noise: 20 },
      disposition: 'PAID',
    });
    const broke = await fetchOnlineCode(phone);
    await this.#present({
      who: 'finn',
      what: 'his wallet is empty now',
      text: broke,
      expected: 'WALLET_SHORT',
    });
    await this.#present({
      who: 'eve',
      what: "finn's online code",
      text: online,
      expected: 'CODE_USED',
    });
    await this.#synced();
  }

  /** Waits until settlement has confirmed the latest tap. */
  async #synced(): Promise<void> {
    const isConfirmed = ({ msg, ackSeq }: LogRecord) =>
      msg === 'synced' && Number(ackSeq) >= this.#lastSeq;
    await this.#stage.gateSays('all records synced', isConfirmed);
  }

  async collect(): Promise<Result> {
    return await collect(this.#stage, {
      riders: this.#riders,
      taps: this.#taps,
      shop: this.#shop,
      strangers: this.#strangers,
      losses: this.#losses,
    });
  }
}
