/** How tests are found and run, and what the report on coverage looks at. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that put something else in the place of a module: each has a process of its own. */
const APART = [
  'cli/log.test.ts',
  'hardware/picture/read.test.ts',
  'host/private-files-medium.test.ts',
  'host/private-files-order.test.ts',
  'settlement/store/sqlite/migrations/all.test.ts',
  'web/wallet/shell/indexed-vault.test.ts',
];
/** Short files that take long: begun last, they would keep one worker waiting for the other. */
const LONG =
  /(store\/(postgres|sqlite)\/(store|audit)|differential|settlement\/workers)\.test\.ts$/;

/** By size, as ever, behind the long ones. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

const elsewhere = ['**/node_modules/**'];

export default defineConfig({
  test: {
    projects: [
      // No module of ours keeps anything between two calls: files share a process, and load what they import once.
      {
        extends: true,
        test: {
          name: 'together',
          include: ['**/*.test.ts'],
          exclude: [...elsewhere, ...APART],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'apart', include: APART, exclude: elsewhere } },
    ],
    sequence: { sequencer: LongFirst },
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
