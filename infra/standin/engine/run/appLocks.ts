import { Blocked } from '../../store/blocked.ts';
import type { Party } from '../../store/waits.ts';

/** Modes of sp_getapplock. */
export type AppLockMode = 'Shared' | 'Update' | 'IntentShared' | 'IntentExclusive' | 'Exclusive';

export const APP_LOCK_MODES: readonly AppLockMode[] = [
  'Shared',
  'Update',
  'IntentShared',
  'IntentExclusive',
  'Exclusive',
];

const CONFLICTS: Readonly<Record<AppLockMode, ReadonlySet<AppLockMode>>> = {
  IntentShared: new Set(['Exclusive']),
  Shared: new Set(['IntentExclusive', 'Exclusive']),
  Update: new Set(['IntentExclusive', 'Update', 'Exclusive']),
  IntentExclusive: new Set(['Shared', 'Update', 'Exclusive']),
  Exclusive: new Set(APP_LOCK_MODES),
};

interface HeldAppLock {
  readonly party: Party;
  readonly owner: 'transaction' | 'session';
  readonly mode: AppLockMode;
  count: number;
}

/** Application locks by resource name, held by sessions for themselves or for their transaction. */
export class AppLocks {
  readonly #held = new Map<string, HeldAppLock[]>();

  /** Takes the lock or throws Blocked. */
  acquire(resource: string, mode: AppLockMode, party: Party, owner: 'transaction' | 'session'): void {
    const holders = this.#held.get(resource) ?? [];
    const blockers = holders.filter((held) => held.party !== party && CONFLICTS[mode].has(held.mode));
    if (blockers.length > 0) throw new Blocked(blockers.map((held) => held.party));
    const own = holders.find((held) => held.party === party && held.owner === owner && held.mode === mode);
    if (own) own.count++;
    else this.#held.set(resource, [...holders, { party, owner, mode, count: 1 }]);
  }

  /** Releases one hold; false when there is none. */
  release(resource: string, party: Party, owner: 'transaction' | 'session'): boolean {
    const holders = this.#held.get(resource) ?? [];
    const own = holders.find((held) => held.party === party && held.owner === owner);
    if (!own) return false;
    if (--own.count === 0) this.#keep(resource, (held) => held !== own);
    party.release();
    return true;
  }

  /** At the end of a transaction or session. */
  releaseAll(party: Party, owner: 'transaction' | 'session'): void {
    for (const resource of [...this.#held.keys()])
      this.#keep(resource, (held) => held.party !== party || held.owner !== owner);
    party.release();
  }

  /** The strongest mode a session holds on a resource; null for none. */
  modeOf(resource: string, party: Party): AppLockMode | null {
    const modes = (this.#held.get(resource) ?? []).filter((held) => held.party === party).map((held) => held.mode);
    return APP_LOCK_MODES.findLast((mode) => modes.includes(mode)) ?? null;
  }

  #keep(resource: string, keep: (held: HeldAppLock) => boolean): void {
    const left = (this.#held.get(resource) ?? []).filter(keep);
    if (left.length > 0) this.#held.set(resource, left);
    else this.#held.delete(resource);
  }
}
