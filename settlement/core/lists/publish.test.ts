/** What a new fare, a new issuer key and changed denials write, and when a delta is too long. */

import { sha256 } from '@stile/crypto/sign.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { denyId } from '@stile/protocol/deny-list.ts';
import { denyVersionOf } from '@stile/protocol/trust-list.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DENY_SALT, ISSUER, NOW_MS } from '../../testing/facts.ts';
import { decideDenyVersion, decideFare, deltaRowsMax, denyDelta } from './publish.ts';

const EMPTY = denyVersionOf(
  { version: 3, count: 0, idsDigest: '0'.repeat(64), salt: DENY_SALT },
  sha256,
);

function id(number: number): Uint8Array {
  const account = number.toString(16).padStart(16, '0');
  return denyId({ issuer: ISSUER, account, serial: 0 });
}

describe('a fare', () => {
  const fare = { line: 'L1', fareCents: 250, fromS: 1_000 };
  const { changes, result } = decideFare(
    { nextTariffVersion: 4, lastRecordId: 99, tariff: [] },
    { fare, nowMs: NOW_MS },
  );

  test('is the next tariff version: the tariff without any fare is the first', () => {
    expect(changes[0]).toEqual({ kind: 'addLineFare', version: 4, fare, atMs: NOW_MS });
    expect(result).toBe(5);
  });

  test('prices again every record there is of its line from its instant on, and asks for a list', () => {
    const subject = '{"line":"L1","fromMs":1000000}';
    const work = { kind: 'reprice', cursor: 0, until: 99, subject };
    expect(changes.slice(1)).toEqual([
      { kind: 'addWork', work, atMs: NOW_MS },
      { kind: 'requestPublish', atMs: NOW_MS },
    ]);
  });
});

describe('the next deny list', () => {
  const context = { idsMax: 2, nowMs: NOW_MS, salt: DENY_SALT, sha256 };

  test('carries what changed, and clears every candidate, changed or not', () => {
    const candidates = [
      { id: id(1), wanted: true, listed: false },
      { id: id(2), wanted: true, listed: true },
    ];
    const { changes, result } = decideDenyVersion({ head: EMPTY, seen: 0, candidates }, context);
    expect(changes.map(({ kind }) => kind)).toEqual([
      'clearChangedDenial',
      'clearChangedDenial',
      'addDenyVersion',
      'listDenied',
    ]);
    expect(result, 'as many as were asked for: there may be more').toBe(true);
  });

  test('is no new version if nobody comes or goes', () => {
    const candidates = [{ id: id(2), wanted: false, listed: false }];
    const { changes, result } = decideDenyVersion({ head: EMPTY, seen: 0, candidates }, context);
    expect(changes).toEqual([{ kind: 'clearChangedDenial', id: id(2) }]);
    expect(result).toBe(false);
  });

  test('lies above what a gate reports, and steps are judged anew from there', () => {
    const facts = { head: EMPTY, seen: EMPTY.version + 7, candidates: [] };
    const version = EMPTY.version + 8;
    expect(decideDenyVersion(facts, context).changes).toEqual([
      { kind: 'addDenyVersion', head: { ...EMPTY, version }, atMs: context.nowMs },
      { kind: 'setMeta', key: 'denySaneFrom', value: String(version) },
    ]);
  });

  test('has the same count and digest however its changes were cut into versions', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 500 }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 7 }), (denied, idsMax) => {
        const candidates = denied.map((number) => ({
          id: id(number),
          wanted: true,
          listed: false,
        }));
        const whole = headBehind(candidates, candidates.length);
        const cut = headBehind(candidates, idsMax);
        expect({ ...cut, version: 0 }).toEqual({ ...whole, version: 0 });
        expect(cut.count).toBe(denied.length);
      }),
    );
  });

  function headBehind(
    candidates: readonly { id: Uint8Array; wanted: boolean; listed: boolean }[],
    idsMax: number,
  ) {
    let head = EMPTY;
    for (let from = 0; from < candidates.length; from += idsMax) {
      const part = candidates.slice(from, from + idsMax);
      const { changes } = decideDenyVersion(
        { head, seen: 0, candidates: part },
        { ...context, idsMax },
      );
      for (const change of changes) if (change.kind === 'addDenyVersion') head = change.head;
    }
    return head;
  }
});

describe('a delta', () => {
  const rows = [
    { id: id(1), addedIn: 2, removedIn: null },
    { id: id(2), addedIn: 2, removedIn: 3 },
    { id: id(3), addedIn: 1, removedIn: 3 },
  ];

  test('is the net step: who came and went again is not in it', () => {
    const delta = denyDelta(rows, { from: 1, to: 3, idsMax: 10 });
    expect(delta).toEqual({ adds: [toHex(id(1))], removes: [toHex(id(3))] });
  });

  test.each([
    ['from a version that lies ahead', { from: 4, to: 3, idsMax: 10 }],
    ['with more ids than fit', { from: 1, to: 3, idsMax: 1 }],
  ])('there is none %s', (_name, query) => {
    expect(denyDelta(rows, query)).toBeUndefined();
  });

  test('there is none from more rows than a reader reads', () => {
    const query = { from: 1, to: 3, idsMax: 1 };
    const many = Array.from({ length: deltaRowsMax(query) + 1 }, () => rows[1]);
    expect(denyDelta(many as typeof rows, query)).toBeUndefined();
  });
});
