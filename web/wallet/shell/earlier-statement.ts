/**
 * The statement as far as its rider has read it. The newest page comes by itself with every refresh; pages behind it
 * are read when they are asked for, and once more with each refresh: a ride may arrive late, and far down.
 */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Statement } from '@stile/protocol/http/rider-api.ts';
import { addPage, renew } from '../core/statement.ts';
import type { Phone } from './phone.ts';
import type { RiderSession } from './session.ts';
import type { SettlementClient } from './settlement-client.ts';

export type EarlierStatementParts = {
  phone: Pick<Phone, 'view'>;
  session: RiderSession;
  settlement: SettlementClient;
};

export class EarlierStatement {
  readonly #held = signal<Statement | null>(null);
  readonly #parts: EarlierStatementParts;
  #latest: Statement | null = null;

  constructor(parts: EarlierStatementParts) {
    this.#parts = parts;
    parts.phone.view.subscribe((view) => this.#see(view?.statement ?? null));
  }

  /** Null: nothing was read yet. */
  get held(): ReadonlySignal<Statement | null> {
    return this.#held;
  }

  /** Only the newest page again. */
  fold(): void {
    this.#held.value = this.#latest;
  }

  /** The page behind the last row. @throws ApiRefusal or Unreachable. */
  async more(): Promise<void> {
    const after = this.#held.value?.next ?? null;
    if (after === null) return;
    const page = await this.#read(after);
    const held = this.#held.value;
    // Begun anew meanwhile: the page is not behind what is held now.
    if (held?.next === after) this.#held.value = addPage(held, page);
  }

  #see(latest: Statement | null): void {
    this.#latest = latest;
    const held = this.#held.peek();
    this.#held.value = held === null || latest === null ? latest : renew(held, latest);
    // Without an answer what was read stays; the next refresh reads again.
    if (latest !== null) void this.#readAgain(latest).catch(() => undefined);
  }

  async #readAgain(latest: Statement): Promise<void> {
    const rows = this.#held.peek()?.items.length ?? 0;
    let all = latest;
    while (all.next !== null && all.items.length < rows) {
      const page = await this.#read(all.next);
      all = { items: [...all.items, ...page.items], next: page.next };
    }
    const isCurrent = this.#latest === latest;
    const reaches = all.items.length >= (this.#held.peek()?.items.length ?? 0);
    if (isCurrent && reaches && all !== latest) this.#held.value = all;
  }

  async #read(after: string): Promise<Statement> {
    const { session, settlement } = this.#parts;
    return await session.run((token) => settlement.readStatement(token, { after }));
  }
}
