/** The text format: what a name, a label or a help line may hold, and how a scraper finds the parts again. */
import { expect, test } from 'vitest';
import { writeExposition } from './exposition.ts';

test('a gauge is its help, its type and a line for each sample', () => {
  const rows = [
    { labels: { kind: 'settle', state: 'waiting' }, value: 3 },
    { labels: { kind: 'use', state: 'failed' }, value: 0 },
  ];
  const text = writeExposition([
    { name: 'stile_outbox_rows', help: 'Rows.', samples: rows },
    { name: 'stile_leader', help: 'Leads.', samples: [{ value: 1 }] },
  ]);
  expect(text).toBe(
    [
      '# HELP stile_outbox_rows Rows.',
      '# TYPE stile_outbox_rows gauge',
      'stile_outbox_rows{kind="settle",state="waiting"} 3',
      'stile_outbox_rows{kind="use",state="failed"} 0',
      '# HELP stile_leader Leads.',
      '# TYPE stile_leader gauge',
      'stile_leader 1',
      '',
    ].join('\n'),
  );
});

test('a quote, a backslash or a line break in a label ends neither the label nor the line', () => {
  const labels = { version: 'a"} 9\nb\\n' };
  const text = writeExposition([{ name: 'x', help: 'h', samples: [{ labels, value: 1 }] }]);
  expect(text.split('\n')[2]).toBe(String.raw`x{version="a\"} 9\nb\\n"} 1`);
  expect(text.split('\n')).toHaveLength(4);
});

test('a help line keeps its quotes and is one line', () => {
  const [help] = writeExposition([{ name: 'x', help: 'a "b"\nc\\', samples: [] }]).split('\n');
  expect(help).toBe(String.raw`# HELP x a "b"\nc\\`);
});
