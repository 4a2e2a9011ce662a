/**
 * What a till must not forget: each record is stored under a name of its own, so that two windows of a browser
 * never write over one another's. A record belongs to the shop that began it, and goes only if it is known how it ended.
 */
import { z } from 'zod';
import type { TextStorage } from '../../parts/storage.ts';

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

export class Records<T extends TillRecord> {
  readonly #storage: TextStorage;
  readonly #prefix: string;
  readonly #schema: z.ZodType<T>;

  constructor(storage: TextStorage, kind: { prefix: string; schema: z.ZodType<T> }) {
    this.#storage = storage;
    this.#prefix = kind.prefix;
    this.#schema = kind.schema;
  }

  /** Of every shop, the oldest first. */
  all(): T[] {
    const names = this.#storage.names().filter((name) => name.startsWith(this.#prefix));
    return names.flatMap((name) => this.#read(name)).sort((a, b) => a.atMs - b.atMs);
  }

  has({ idempotencyKey }: Pick<T, 'idempotencyKey'>): boolean {
    return this.#storage.getItem(this.#prefix + idempotencyKey) !== null;
  }

  add(record: T): void {
    this.#storage.setItem(this.#prefix + record.idempotencyKey, JSON.stringify(record));
  }

  remove({ idempotencyKey }: Pick<T, 'idempotencyKey'>): void {
    this.#storage.removeItem(this.#prefix + idempotencyKey);
  }

  #read(name: string): T[] {
    try {
      const { data } = this.#schema.safeParse(JSON.parse(this.#storage.getItem(name) ?? ''));
      return data === undefined ? [] : [data];
    } catch {
      // Junk of others hides no record beside it.
      return [];
    }
  }
}
