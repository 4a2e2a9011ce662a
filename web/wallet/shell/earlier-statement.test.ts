/** A statement of more than one page before a real settlement, while rows arrive on top and far down. */
import type { Statement } from '@stile/protocol/http/rider-api.ts';
import { afterEach, expect, test } from 'vitest';
import { ScriptedWallet } from '../../testing/scripted-wallet.ts';

const ROWS = 34;

let scripted: ScriptedWallet;
afterEach(async () => {
  await scripted.close();
});

async function topUp(key: string): Promise<void> {
  const { wallet } = scripted;
  const body = { amountCents: 100, idempotencyKey: key };
  await wallet.session.run((token) => wallet.settlement.topUp(token, body));
}

const rows = () => scripted.wallet.statement.held.value?.items.map(({ id }) => id) ?? [];

async function allRows(): Promise<string[]> {
  const { wallet } = scripted;
  const page = await wallet.session.run((token) =>
    scripted.town.get<Statement>('/v1/riders/me/statement?limit=100', { token }),
  );
  return page.items.map(({ id }) => id);
}

test('no row is lost when one more comes, on top or far down, with earlier ones open', async () => {
  scripted = await ScriptedWallet.enrolled();
  const { wallet, clock, town } = scripted;
  for (let at = 0; at < ROWS; at += 1) {
    clock.advance(1_000);
    await topUp(`row-${at}`);
  }
  await wallet.refresh.readAccount();
  await scripted.wire.idle();
  expect(rows()).toHaveLength(30);
  await topUp('one-more');
  await wallet.refresh.readAccount();
  await wallet.statement.more();
  await scripted.wire.idle();
  expect(rows()).toEqual(await allRows());
  expect(rows()).toHaveLength(ROWS + 1);

  // A gate without a network tells of an early ride only now.
  const gate = await town.addGate('g1', 'M1');
  await town.setFare('M1', 250);
  const atMs = clock.now().wallMs - (ROWS - 2) * 1_000;
  const code = await wallet.phone.makeTransitCode(Math.floor(atMs / 1_000));
  gate.tap(code ?? '', { atMs, fareCents: 250 });
  await town.send(gate);
  await town.settled();
  await wallet.refresh.readAccount();
  await scripted.wire.idle();
  const all = await allRows();
  expect(rows()).toEqual(all);
  expect(all).toHaveLength(ROWS + 2);
  expect(all.findIndex((id) => id.includes('/'))).toBeGreaterThan(30);
  wallet.statement.fold();
  expect(rows()).toHaveLength(30);
});
