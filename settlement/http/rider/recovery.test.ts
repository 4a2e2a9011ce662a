/** A lost phone over HTTP: codes, takeover, block, second phone, an operator's move, and who may not. */
import { generateKey } from '@stile/crypto/sign.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { readRecoveryCode, writeRecoveryCode } from '@stile/protocol/recovery-code.ts';
import { readSignedPass } from '@stile/protocol/transit-code.ts';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ScriptedRider, ScriptedTown, START_MS } from '../../testing/town.ts';

const MADE_UP = writeRecoveryCode(new Uint8Array(15).fill(7));

let town: ScriptedTown;
let rider: ScriptedRider;
beforeEach(async () => {
  town = await ScriptedTown.open();
  rider = await town.addRider();
  await rider.topUp(5_000);
});
afterEach(async () => {
  await town.close();
});

async function codeOf(answer: Promise<{ status: number; body: unknown }>) {
  const { status, body } = await answer;
  return `${status} ${(body as { code?: string } | undefined)?.code ?? ''}`.trim();
}

async function tryCode(code: string, { key = generateKey('Ed25519'), address = '192.0.2.1' } = {}) {
  const response = await town.settlement.api.inject({
    method: 'POST',
    url: '/v1/recoveries',
    remoteAddress: address,
    payload: (await town.recovery(code, key)).body,
  });
  return { status: response.statusCode, body: response.json<unknown>() };
}

type View = {
  balanceCents: number;
  recoveryCodeMadeAtMs: number | null;
  unconfirmedCodeMadeAtMs: number | null;
  earlierCodeUntilMs: number | null;
  passes: object[];
};
const view = (of: ScriptedRider) => town.get<View>('/v1/riders/me', { token: of.session });

describe('a recovery code', () => {
  test('brings account and money to a new phone; the lost one opens, pays and reaches nothing', async () => {
    const gate = await town.addGate('g1', 'M1');
    await town.setFare('M1', 250);
    const code = await rider.drawCode();
    const { rider: next, recoveryCode } = await town.recover(
      code.toLowerCase().replaceAll('-', ' '),
    );
    expect(next).toMatchObject({ account: rider.account, serial: 2 });
    expect(await next.money()).toEqual({ balanceCents: 5_000, debtCents: 0, denied: false });
    const pass = readSignedPass(next.pass);
    expect(pass.ok && pass.value.pass).toMatchObject({ serial: 2, allowance: 12 });
    expect(recoveryCode).not.toBe(code);
    expect(readRecoveryCode(recoveryCode)).toBeDefined();

    const old = { token: rider.session };
    expect(await codeOf(town.ask('/v1/riders/me', old))).toBe('401 UNAUTHENTICATED');
    for (const [url, purpose] of [
      ['/v1/sessions', 'open-session'],
      ['/v1/passes', 'renew-pass'],
    ] as const) {
      const subject = `${rider.account}/1`;
      const proof = await town.prove(rider.key, { purpose, subject });
      const body = { account: rider.account, serial: 1, ...proof };
      expect(await codeOf(town.ask(url, { body }))).toBe('403 PASS_ENDED');
    }
    await town.settled();
    expect(await town.operate('GET', 'lists')).toMatchObject({ deny: { count: 1 } });
    gate.tap(next.code(START_MS), { atMs: START_MS });
    await town.send(gate);
    await town.settled();
    expect((await next.money()).balanceCents).toBe(4_750);
  });

  test('is good until its rider has the next one on paper, and is shown to exist', async () => {
    const shown = async (of: ScriptedRider) => {
      const { recoveryCodeMadeAtMs, unconfirmedCodeMadeAtMs } = await view(of);
      return [recoveryCodeMadeAtMs, unconfirmedCodeMadeAtMs];
    };
    expect(await shown(rider)).toEqual([null, null]);
    const paper = await rider.drawCode();
    expect(await shown(rider)).toEqual([null, START_MS]);
    await rider.confirmCode(paper);
    expect(await shown(rider)).toEqual([START_MS, null]);
    // Its response may be lost, and its screen.
    const lost = await rider.drawCode();
    expect(await shown(rider)).toEqual([START_MS, START_MS]);
    const { rider: next, recoveryCode: unread } = await town.recover(paper);
    expect(await shown(next)).toEqual([START_MS, START_MS]);
    const { rider: third, recoveryCode } = await town.recover(paper);
    expect(third.serial).toBe(3);
    await third.confirmCode(recoveryCode);
    expect(await shown(third)).toEqual([START_MS, null]);
    for (const code of [lost, unread]) {
      expect(await codeOf(tryCode(code))).toBe('403 RECOVERY_REFUSED');
    }
    expect((await town.recover(recoveryCode)).rider.serial).toBe(4);
  });

  test('outlives by a week the next one, as a thief of the phone could have confirmed that', async () => {
    const paper = await rider.drawCode();
    await rider.confirmCode(paper);
    town.clock.advance(1);
    const fresh = await rider.drawCode();
    await rider.confirmCode(fresh);
    expect(await view(rider)).toMatchObject({ earlierCodeUntilMs: START_MS + 1 + 7 * 86_400_000 });
    expect((await town.ask('/v1/blocks', { body: { code: paper } })).body).toEqual({ phones: 1 });
    expect(await codeOf(tryCode(fresh))).toBe('403 RECOVERY_REFUSED');
    expect((await town.recover(paper)).rider.serial).toBe(2);
  });

  test('that a phone drew ends when an operator denies that phone', async () => {
    const codes = [await rider.drawCode(), await rider.drawCode('phone-code')];
    const { account, serial } = rider;
    await town.operate('POST', 'denials', { body: { account, serial, note: 'lost' } });
    for (const code of codes) expect(await codeOf(tryCode(code))).toBe('403 RECOVERY_REFUSED');
  });

  test('is confirmed by who has it, for its own account', async () => {
    const other = await town.addRider();
    const code = await other.drawCode();
    const confirm = (text: string) =>
      town.ask('/v1/riders/me/recovery-code/confirmation', {
        token: rider.session,
        body: { code: text },
      });
    for (const text of [code, MADE_UP, 'x']) {
      expect(await codeOf(confirm(text))).toBe('403 RECOVERY_REFUSED');
    }
    expect((await view(other)).recoveryCodeMadeAtMs).toBeNull();
  });

  test('whose response was lost works again with the same key', async () => {
    const key = generateKey('P-256');
    const code = await rider.drawCode();
    const heard = await town.recover(code, key);
    const again = await town.recover(code, key);
    expect(again.rider.serial).toBe(2);
    expect(await codeOf(tryCode(heard.recoveryCode))).toBe('403 RECOVERY_REFUSED');
    expect(await codeOf(tryCode(again.recoveryCode))).toBe('201');
  });

  test('lies at settlement as a hash only', async () => {
    const code = await rider.drawCode();
    await town.stop();
    const db = new Database(`${town.dataDir}/settlement.db`, { readonly: true });
    const rows = JSON.stringify(db.prepare('SELECT * FROM recovery_code').all());
    db.close();
    expect(rows).toMatch(/"code_hash":"[0-9a-f]{64}"/);
    for (const part of code.split('-')) expect(rows).not.toContain(part);
  });

  test('lifts no denial: the account moves, and stays denied', async () => {
    const code = await rider.drawCode();
    await town.operate('POST', 'denials', { body: { account: rider.account, note: 'stolen' } });
    const { rider: next } = await town.recover(code);
    expect(await next.money()).toMatchObject({ balanceCents: 5_000, denied: true });
    const pass = readSignedPass(next.pass);
    expect(pass.ok && pass.value.pass.allowance).toBe(0);
  });

  test('gives no rides beyond the issues that may be out', async () => {
    await town.close();
    const settings = { offline: { creditCents: { open: 100_000 }, issuesMax: 2 } };
    town = await ScriptedTown.open({ settings });
    rider = await town.addRider();
    const allowances: number[] = [];
    let code = await rider.drawCode();
    for (let phones = 0; phones < 3; phones += 1) {
      const { rider: next, recoveryCode } = await town.recover(code);
      const pass = readSignedPass(next.pass);
      allowances.push(pass.ok ? pass.value.pass.allowance : -1);
      code = recoveryCode;
    }
    expect(allowances).toEqual([12, 0, 0]);
  });

  test.each([
    ['no such code', MADE_UP, '403 RECOVERY_REFUSED'],
    ['a misread code', 'x', '403 RECOVERY_REFUSED'],
    ['nothing', '', '400 REQUEST_INVALID'],
  ])('%s is refused', async (_what, code, answer) => {
    expect(await codeOf(tryCode(code))).toBe(answer);
  });

  test('needs a proof by the key that takes over', async () => {
    const code = await rider.drawCode();
    const { body } = await town.recovery(code, generateKey('Ed25519'));
    const publicKey = toHex(generateKey('Ed25519').publicKey);
    expect(await codeOf(town.ask('/v1/recoveries', { body: { ...body, publicKey } }))).toBe(
      '403 PROOF_REFUSED',
    );
    expect(await codeOf(tryCode(code, { key: rider.key }))).toBe('409 KEY_TAKEN');
    expect(await codeOf(tryCode(code))).toBe('201');
  });
});

describe('a session that was stolen', () => {
  const NO_PROOF = '403 PROOF_REFUSED';
  const ask = (path: string, body: object) =>
    codeOf(town.ask(`/v1/riders/me/${path}`, { body, token: rider.session }));

  test.each([
    ['recovery-code', 'make-recovery-code', '', '201'],
    ['phone-code', 'make-phone-code', '', '201'],
    ['passes/2/block', 'block-phone', '/2', '204'],
  ] as const)(
    'makes or ends nothing that lasts: %s takes the phone',
    async (path, purpose, about, good) => {
      await town.recover(await rider.drawCode('phone-code'));
      const before = await view(rider);
      const proof = await rider.provePresence(purpose, { about });
      const other = await town.addRider();
      const subject = `${rider.account}/${rider.serial}${about}`;
      const wrong = [
        { ...proof, proof: 'a'.repeat(128) },
        { ...proof, challenge: 'x' },
        await rider.provePresence('open-session', { about }),
        await rider.provePresence(purpose, { about: `${about}/9` }),
        await other.provePresence(purpose, { about }),
        await town.prove(other.key, { purpose, subject }),
      ];
      expect(await ask(path, {})).toBe('400 REQUEST_INVALID');
      for (const body of wrong) expect(await ask(path, body)).toBe(NO_PROOF);
      expect(await view(rider)).toEqual(before);
      expect((await ask(path, proof)).split(' ')[0]).toBe(good);
      expect(await ask(path, proof)).toBe(NO_PROOF);
    },
  );
});

test('a code of another account than is meant does nothing, and is still good', async () => {
  const { account } = await town.addRider();
  const code = await rider.drawCode();
  const key = generateKey('Ed25519');
  const recovery = async (meant: string) =>
    codeOf(
      town.ask('/v1/recoveries', {
        body: { ...(await town.recovery(code, key)).body, account: meant },
      }),
    );
  const before = await view(rider);
  expect(await recovery(account)).toBe('409 RECOVERY_OTHER_ACCOUNT');
  expect(await codeOf(town.ask('/v1/blocks', { body: { code, account } }))).toBe(
    '409 RECOVERY_OTHER_ACCOUNT',
  );
  expect(await view(rider)).toEqual(before);
  expect(await recovery(rider.account)).toBe('201');
});

describe('a block', () => {
  const block = (code: string) => town.ask('/v1/blocks', { body: { code } });

  test('with the code, from anywhere, ends the phone and keeps money and code', async () => {
    const code = await rider.drawCode();
    expect(await codeOf(block(MADE_UP))).toBe('403 RECOVERY_REFUSED');
    expect((await block(code)).body).toEqual({ phones: 1 });
    expect((await block(code)).body).toEqual({ phones: 0 });
    expect((await town.ask('/v1/riders/me', { token: rider.session })).status).toBe(401);
    const account = await town.operate('GET', `accounts/${rider.account}`);
    expect(account).toMatchObject({ balanceCents: 5_000, passes: [{ ended: 'BLOCKED' }] });
    expect(await (await town.recover(code)).rider.money()).toMatchObject({ balanceCents: 5_000 });
  });

  test('by a second phone ends the first, and a phone does not block itself', async () => {
    const { rider: second, recoveryCode } = await town.recover(await rider.drawCode('phone-code'));
    expect(recoveryCode).toBe('');
    expect(await rider.money()).toEqual(await second.money());
    const ask = async (serial: number) => {
      const body = await second.provePresence('block-phone', { about: `/${serial}` });
      return town.ask(`/v1/riders/me/passes/${serial}/block`, { body, token: second.session });
    };
    expect(await codeOf(ask(2))).toBe('409 CONFLICT');
    expect(await codeOf(ask(3))).toBe('404 NOT_FOUND');
    expect((await ask(1)).status).toBe(204);
    expect((await town.ask('/v1/riders/me', { token: rider.session })).status).toBe(401);
    expect(await second.money()).toMatchObject({ balanceCents: 5_000, denied: false });
  });

  test('a code for a second phone is good for ten minutes', async () => {
    const code = await rider.drawCode('phone-code');
    town.clock.advance(600_000);
    expect(await codeOf(tryCode(code))).toBe('403 RECOVERY_REFUSED');
  });
});

test('an account has eight phones at a time, and says so', async () => {
  for (let phones = 1; phones < 8; phones += 1) {
    if (phones % 5 === 0) town.clock.advance(60_000);
    await town.recover(await rider.drawCode('phone-code'));
  }
  town.clock.advance(60_000);
  expect(await codeOf(tryCode(await rider.drawCode('phone-code')))).toBe('409 PHONES_FULL');
});

describe("an operator's move", () => {
  const ask = (by: string, account = rider.account) =>
    town.ask(`/v1/operator/accounts/${account}/move-code`, {
      token: by,
      body: { note: 'card and name fit' },
    });
  const name = async (who: string) => {
    const body = { name: who, role: 'OPERATOR' };
    return (await town.operate<{ token: string }>('POST', 'operators', { body })).token;
  };
  type MoveCode = { code: string; expiresAtS: number };

  test('is a code for a quarter of an hour, and the act is noted without it', async () => {
    const { code, expiresAtS } = (await ask(town.operatorToken)).body as MoveCode;
    expect(expiresAtS).toBe(START_MS / 1000 + 900);
    expect((await town.recover(code)).rider.account).toBe(rider.account);
    const late = (await ask(town.operatorToken)).body as MoveCode;
    town.clock.advance(900_000);
    expect(await codeOf(tryCode(late.code))).toBe('403 RECOVERY_REFUSED');
    expect(await codeOf(ask(town.operatorToken, 'f'.repeat(16)))).toBe('404 NOT_FOUND');
    const acts = JSON.stringify(await town.operate('GET', 'acts'));
    expect(acts).toContain('move-code');
    expect(acts).toContain('card and name fit');
    expect(acts).not.toContain(code);
  });

  test('is ended by nobody who has a code of the account, and ends all of those', async () => {
    const paper = await rider.drawCode();
    await rider.confirmCode(paper);
    const { code } = (await ask(town.operatorToken)).body as MoveCode;
    expect((await town.ask('/v1/blocks', { body: { code: paper } })).status).toBe(200);
    const thief = await town.recover(paper);
    const { rider: back } = await town.recover(code);
    expect(back.account).toBe(rider.account);
    for (const ended of [paper, thief.recoveryCode]) {
      expect(await codeOf(tryCode(ended))).toBe('403 RECOVERY_REFUSED');
      expect((await town.ask('/v1/blocks', { body: { code: ended } })).status).toBe(403);
    }
    expect((await town.ask('/v1/riders/me', { token: thief.rider.session })).status).toBe(401);
  });

  test('with four eyes waits for another named person', async () => {
    await town.close();
    town = await ScriptedTown.open({ settings: { operators: { fourEyes: true } } });
    rider = await town.addRider();
    const [vera, ben] = [await name('Vera'), await name('Ben')];
    const approve = (token: string) => town.ask('/v1/operator/approvals/1', { token, body: {} });
    expect(await codeOf(ask(town.operatorToken))).toBe('403 FORBIDDEN');
    expect(await ask(vera)).toMatchObject({ status: 202, body: { approval: 1 } });
    expect(await town.operate('GET', 'approvals')).toMatchObject([
      { id: 1, account: rider.account, by: 'Vera', approvedBy: null },
    ]);
    expect(await codeOf(approve(vera))).toBe('409 APPROVAL_BY_ANOTHER');
    expect(await codeOf(approve(town.operatorToken))).toBe('403 FORBIDDEN');
    expect((await approve(ben)).status).toBe(204);
    const { code } = (await ask(vera)).body as MoveCode;
    expect((await town.recover(code)).rider.serial).toBe(2);
    expect((await approve(ben)).status).toBe(204);
    expect((await ask(vera)).status).toBe(202);
  });
});
