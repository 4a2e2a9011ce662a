/**
 * What was begun and is not known yet, as one window sees it. A record belongs to the shop that began it, and goes only
 * if it is known how it ended. It stands in the list at once and is on the disk before `add` resolves.
 */
import { computed, signal } from '@preact/signals';
import { z } from 'zod';
import type { Tabs } from '../../parts/tabs.ts';
import type { RecordKind, TillVault } from './vault.ts';

export const recordSchema = z.object({
  merchant: z.string(),
  merchantName: z.string(),
  currency: z.string(),
  idempotencyKey: z.string(),
  amountCents: z.int(),
  /** When it was begun. */
  atMs: z.int(),
});
export type TillRecord = z.infer<typeof recordSchema>;

export type RecordsParts<T> = {
  vault: TillVault;
  tabs: Pick<Tabs, 'announce'>;
  kind: RecordKind;
  schema: z.ZodType<T>;
};

export class Records<T extends TillRecord> {
  readonly #parts: RecordsParts<T>;
  readonly #stored = signal<readonly T[]>([]);
  /** What this window has begun to write: null is a removal. */
  readonly #writing = signal<ReadonlyMap<string, T | null>>(new Map());
  /** Of every shop, the oldest first. */
  readonly all = computed(() => {
    const writing = this.#writing.value;
    const stored = this.#stored.value.filter(({ idempotencyKey }) => !writing.has(idempotencyKey));
    const added = [...writing.values()].filter((record) => record !== null);
    return [...stored, ...added].sort((a, b) => a.atMs - b.atMs);
  });

  constructor(parts: RecordsParts<T>) {
    this.#parts = parts;
  }

  /** What other windows have written meanwhile. */
  async read(): Promise<void> {
    const { vault, kind, schema } = this.#parts;
    const records = await vault.readRecords(kind);
    this.#stored.value = records.flatMap((record) => schema.safeParse(record).data ?? []);
  }

  has({ idempotencyKey }: Pick<T, 'idempotencyKey'>): boolean {
    return this.all.value.some((record) => record.idempotencyKey === idempotencyKey);
  }

  /** @throws if it cannot be stored; then it is not there. */
  async add(record: T): Promise<void> {
    const { vault, kind } = this.#parts;
    const key = record.idempotencyKey;
    await this.#write(key, { record, write: () => vault.addRecord({ kind, key }, record) });
  }

  /** What stays on the disk all the same is asked about once more, which charges nothing. */
  async remove({ idempotencyKey: key }: Pick<T, 'idempotencyKey'>): Promise<void> {
    const { vault, kind } = this.#parts;
    const write = () => vault.removeRecord({ kind, key });
    await this.#write(key, { record: null, write }).catch(() => undefined);
  }

  async #write(key: string, { record, write }: Writing<T>): Promise<void> {
    this.#writing.value = new Map([...this.#writing.value, [key, record]]);
    try {
      await write();
      this.#parts.tabs.announce();
      await this.read();
    } finally {
      this.#writing.value = new Map([...this.#writing.value].filter(([one]) => one !== key));
    }
  }
}
type Writing<T> = { record: T | null; write: () => Promise<void> };
