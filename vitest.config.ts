/** How tests are found and run, and what the report on coverage looks at. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // serialport aborts the process inside a worker thread, so tests run in forked processes.
    pool: 'forks',
    // Much of a test is waiting, for a disk or another process: two also where vitest would run one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    // No test hangs on the machine's speed: these end only what would never end.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    coverage: {
      provider: 'v8',
      reporter: ['text-summary', 'html'],
      exclude: ['**/*.test.ts', '**/*.contract.ts', '**/testing/**', '**/dist/**'],
    },
  },
});
