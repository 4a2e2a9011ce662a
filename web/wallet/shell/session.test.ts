/** The rider's session: opened once, opened again when settlement ends it, never another account's. */
import { signal } from '@preact/signals';
import { beforeEach, expect, test } from 'vitest';
import { ApiRefusal } from '../../parts/api.ts';
import { RiderSession } from './session.ts';
import type { Enrolment } from './vault.ts';

const ENDED = new ApiRefusal({ status: 401, code: 'SESSION_REFUSED', message: 'ended' });

const enrolment = signal<Enrolment | null>(null);
let opened: string[];
let session: RiderSession;

function enrol(account: string): void {
  enrolment.value = { account } as Enrolment;
}

beforeEach(() => {
  opened = [];
  enrol('a');
  session = new RiderSession({
    enrolment,
    settlement: {
      openSession: async ({ account }) => {
        opened.push(account);
        return { token: `${account}-${opened.length}`, expiresAtS: 0 };
      },
    },
  });
});

test('it is opened when it is first needed, and used from then on', async () => {
  expect(await session.run(async (token) => token)).toBe('a-1');
  expect(await session.run(async (token) => token)).toBe('a-1');
  expect(opened).toEqual(['a']);
});

test('the one that came with the enrolment is used', async () => {
  session.use({ token: 'first' });
  expect(await session.run(async (token) => token)).toBe('first');
  expect(opened).toEqual([]);
});

test('one that settlement has ended is opened again, and the work done again', async () => {
  session.use({ token: 'old' });
  const work = async (token: string) => {
    if (token === 'old') throw ENDED;
    return token;
  };
  expect(await session.run(work)).toBe('a-1');
});

test('a second refusal is the work’s', async () => {
  const refused = session.run(async () => {
    throw ENDED;
  });
  await expect(refused).rejects.toBe(ENDED);
  expect(opened).toEqual(['a', 'a']);
});

test('another refusal ends no session', async () => {
  const denied = new ApiRefusal({ status: 403, code: 'ACCOUNT_DENIED', message: 'denied' });
  const work = async () => {
    throw denied;
  };
  await expect(session.run(work)).rejects.toBe(denied);
  expect(await session.run(async (token) => token)).toBe('a-1');
});

test('another account gets a session of its own', async () => {
  await session.run(async () => undefined);
  enrol('b');
  expect(await session.run(async (token) => token)).toBe('b-2');
});
