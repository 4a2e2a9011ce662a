/** How tests are found and run, and what the report on coverage looks at. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Rooms that keep nothing between two calls: their files share a process, and load what they import once. */
const PURE = [
  'protocol',
  'crypto',
  'gate/core',
  'settlement/core',
  'web/wallet/core',
  'web/till/core',
];
const pure = PURE.map((room) => `${room}/**/*.test.ts`);
const elsewhere = ['**/node_modules/**'];

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'pure', include: pure, exclude: elsewhere, isolate: false } },
      {
        extends: true,
        test: { name: 'rooms', include: ['**/*.test.ts'], exclude: [...elsewhere, ...pure] },
      },
    ],
    // serialport aborts the process inside a worker thread, so tests run in forked processes.
    pool: 'forks',
    // Much of a test is waiting, for a disk or another process: two also where vitest would run one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // No test hangs on the machine's speed: these end only what would never end.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 500_000 } },
    coverage: {
      provider: 'v8',
      reporter: ['text-summary', 'html'],
      exclude: ['**/*.test.ts', '**/*.contract.ts', '**/testing/**', '**/dist/**'],
    },
  },
});
