import { poison } from '#consumers/runner/deadLetters.ts';
import { presence, type Stored, type Verdict } from './copySide.ts';
import type { SourceRow } from './sourceReader.ts';

/** What the copies in Redis that are made by the configuration's functions have in common. */

export interface StoredThing<T> extends Stored {
  readonly thing: T;
}

export interface Expected {
  readonly id: string;
  readonly source: SourceRow | null;
}

/** Calls a function of the configuration. @throws PROJECTION_FAILED */
export function projected<T>(what: string, table: string, project: () => T): T {
  try {
    return project();
  } catch (error) {
    throw poison(error, 'PROJECTION_FAILED', `project of ${what} table ${table} failed`);
  }
}

/** Compares the values of what both sides have. */
export function verdicts<T extends Stored>(
  expected: readonly Expected[],
  stored: ReadonlyMap<string, T>,
  valuesOf: (source: SourceRow, stored: T) => Verdict,
): Map<string, Verdict> {
  return new Map(
    expected.map(({ id, source }) => {
      const found = stored.get(id);
      return [id, presence(source, found) ?? valuesOf(source!, found!)];
    }),
  );
}
