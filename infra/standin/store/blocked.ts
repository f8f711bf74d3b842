import type { Party } from './waits.ts';

/**
 * Thrown when a statement meets what another session holds. The runner undoes the statement, waits until one of `by` lets go of something
 * and runs the statement again.
 */
export class Blocked extends Error {
  readonly by: readonly Party[];

  constructor(by: readonly Party[]) {
    super('blocked by another session');
    this.by = by;
  }
}
