/**
 * What gates say that they have heard of the roots, as far as it is further than this settlement: it keeps the
 * numbers of what is signed next above theirs, and tells whether they refuse what is signed now.
 */
import { existsSync } from 'node:fs';
import { Fault } from '@stile/protocol/fault.ts';
import type { RootRequest } from '@stile/protocol/http/operator-api.ts';
import {
  isLaterRoot,
  type OwnRoot,
  onlineNumberAbove,
  refusesKey,
  type StoredRootFacts,
  statementsAbove,
} from '../core/lists/root-floor.ts';
import type { Store } from '../store/port.ts';
import { requireReports } from './root-grant.ts';

/** What this settlement knows itself, at an instant. */
export type OwnKeys = { own: OwnRoot; signing: number | undefined };

export class HeldRoots {
  readonly #store: Pick<Store, 'readRootFacts'>;
  #facts: StoredRootFacts = { held: [], restoredS: 0, unreported: [] };

  constructor(store: Pick<Store, 'readRootFacts'>) {
    this.#store = store;
  }

  async refresh(): Promise<void> {
    this.#facts = await this.#store.readRootFacts();
  }

  above(own: OwnRoot): RootRequest['above'] {
    return statementsAbove(own, this.#facts);
  }

  nextNumber(keys: readonly Parameters<typeof onlineNumberAbove>[0][number][], own: OwnRoot) {
    return onlineNumberAbove(keys, { own, facts: this.#facts });
  }

  get unreported(): string[] {
    return [...this.#facts.unreported];
  }

  /**
   * Gates that follow the next root already know which one it has announced: another one they would ignore.
   * `file`: of that one. @throws Fault CONFLICT
   */
  requireAnnounced(own: OwnRoot, of: { file: string; without: readonly string[] }): void {
    if (existsSync(of.file)) return;
    if (this.above(own).generation === own.generation) {
      requireReports(this.unreported, of.without);
      return;
    }
    throw new Fault(
      'CONFLICT',
      `gates follow the next root already, and it has announced one that is not here: copy ${of.file} from the ` +
        'directory of before the restore',
    );
  }

  /** Whether the root has to say something before gates hear it: what is said here now, they ignore. */
  isBehind(own: OwnRoot): boolean {
    const { generation, statement } = this.above(own);
    return generation > own.generation || statement > own.number;
  }

  /** Gates that have heard more of the roots, and those of them that refuse what is signed now. */
  gatesAhead({ own, signing }: OwnKeys): { ahead: string[]; refusing: string[] } {
    const later = this.#facts.held.filter((one) => isLaterRoot(one, own));
    const refusing = later.filter((one) => refusesKey(one, { own, key: signing }));
    return { ahead: later.map(({ gate }) => gate), refusing: refusing.map(({ gate }) => gate) };
  }
}
