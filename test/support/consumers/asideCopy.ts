import type { Change } from '#consumers/runner/changes.ts';
import type { forgettingClient } from './asideLog.ts';
import type { Interleaving } from './interleaving.ts';
import type { MemoryRedis } from './memoryRedis.ts';

/** How often each trouble comes, as one in so many steps; 0 for never. */
export interface AsideTrouble {
  readonly kill: number;
  readonly secondOwner: number;
  /** One in so many changes cannot be handled, until it is mended. */
  readonly broken: number;
  readonly mend: number;
  readonly redeliver: number;
  readonly replay: number;
  /** The group goes back in a partition. */
  readonly rewind: number;
  readonly recreate: number;
  readonly forget: number;
}

/** A copy under test: what is published for it, how its production handler is called, how it forgets. */
export interface Copy<Step> {
  readonly groupId: string;
  topics(): ReadonlyMap<string, readonly (readonly Change[])[]>;
  commit(step: Step): Change | null;
  recreate(topic: string): void;
  /** Handles records of one partition; gives those that were put aside. `isBroken`: cannot be handled now. */
  handle(
    topic: string,
    changes: readonly Change[],
    isBroken: (change: Change) => boolean,
    parts: { readonly redis: MemoryRedis; readonly gate: () => Promise<void>; readonly nowMs: () => number },
  ): Promise<readonly Change[]>;
  forget(parts: ForgetParts): Promise<unknown>;
  /** More work of the copy beside its group; true when some was begun. */
  also?(parts: { readonly run: Interleaving; readonly redis: MemoryRedis; readonly calm: boolean }): boolean;
}

export interface ForgetParts {
  readonly redis: MemoryRedis;
  readonly gate: () => Promise<void>;
  readonly nowMs: () => number;
  readonly kafka: ReturnType<typeof forgettingClient>;
  readonly sleep: () => Promise<never>;
}
