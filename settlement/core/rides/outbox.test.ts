/** Which piece is done next and how far it brings its work: cursors, ends, other kinds of work. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ISSUER, NOW_MS } from '../../testing/facts.ts';
import type { Change } from '../changes.ts';
import { PIECE_RECORDS_MAX } from './failed-work.ts';
import { decideTurn, pieceQuery, type WorkFacts } from './outbox.ts';
import type { Work } from './outbox-changes.ts';
import type { SettleFacts } from './settle.ts';

const CONTEXT = {
  issuer: ISSUER,
  nowMs: NOW_MS,
  limitsNow: { codeLifetimeSMax: 60, skewS: 20 },
};
const NOTHING: SettleFacts = {
  uses: [],
  authorisations: [],
  money: new Map(),
  gateLines: new Map(),
  lineFares: new Map(),
  issuerKeys: [],
  nextPaymentId: 1,
};

function work(changes: Partial<Work> = {}): Work {
  const fresh = { attempts: 0, recordsMax: null, failedSinceMs: null };
  return { id: 5, kind: 'settle', cursor: 0, until: 100, subject: '', ...fresh, ...changes };
}

function records(from: number, count: number) {
  return Array.from({ length: count }, (_, index) => ({ id: from + index, use: `u${index}` }));
}

function piece(of: Work, found: ReturnType<typeof records>): WorkFacts {
  const lookedUpTo = pieceQuery(of).upTo;
  return { kind: 'piece', work: of, records: found, lookedUpTo, facts: NOTHING };
}

test('nothing waits: nothing is written', () => {
  expect(decideTurn(null, CONTEXT)).toEqual({ changes: [], result: { kind: 'idle' } });
});

describe('a piece', () => {
  test('that is full goes on behind its last record', () => {
    const { changes } = decideTurn(piece(work(), records(3, PIECE_RECORDS_MAX)), CONTEXT);
    expect(changes).toEqual([
      { kind: 'moveWork', id: 5, cursor: PIECE_RECORDS_MAX + 2, recordsMax: null },
    ]);
  });

  test('that is not full has seen all there is, and ends its work', () => {
    const { changes } = decideTurn(piece(work(), records(3, 2)), CONTEXT);
    expect(changes).toEqual([{ kind: 'finishWork', id: 5 }]);
  });

  test('that found nothing in a long stretch goes on behind the stretch', () => {
    const long = work({ until: 1_000_000 });
    const { changes } = decideTurn(piece(long, []), CONTEXT);
    expect(changes).toEqual([
      { kind: 'moveWork', id: 5, cursor: pieceQuery(long).upTo, recordsMax: null },
    ]);
  });
});

test('a piece that has looked at all of it ends its work, however long that is', () => {
  const long = work({ until: 1_000_000 });
  const found = { ...piece(long, records(3, 2)), lookedUpTo: long.until } as WorkFacts;
  expect(decideTurn(found, CONTEXT).changes).toEqual([{ kind: 'finishWork', id: 5 }]);
});

test('work whose subject is gone ends', () => {
  const { changes } = decideTurn({ kind: 'nothing', work: work({ kind: 'join' }) }, CONTEXT);
  expect(changes).toEqual([{ kind: 'finishWork', id: 5 }]);
});

test('pieces look at every record once and end, however the records lie', () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 9_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(gaps, (steps) => {
      let id = 0;
      const all = steps.map((step) => {
        id += step;
        return { id, use: `u${id}` };
      });
      let waiting: Work | null = work({ until: id });
      const seen: number[] = [];
      while (waiting !== null) {
        const { after, upTo, limit } = pieceQuery(waiting);
        const found = all.filter((one) => one.id > after && one.id <= upTo).slice(0, limit);
        seen.push(...found.map((one) => one.id));
        const [change]: readonly Change[] = decideTurn(piece(waiting, found), CONTEXT).changes;
        const cursor: number | null = change?.kind === 'moveWork' ? change.cursor : null;
        if (cursor !== null) expect(cursor).toBeGreaterThan(waiting.cursor);
        waiting = cursor === null ? null : { ...waiting, cursor };
      }
      expect(seen).toEqual(all.map((one) => one.id));
    }),
  );
});
