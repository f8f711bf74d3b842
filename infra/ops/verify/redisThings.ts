import type { CapturedTable, Row } from '#connectors/capture/types.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import { carriedRow } from './carriedValues.ts';
import { type CopySide, presence, type Stored, type Verdict } from './copySide.ts';

/** A copy in Redis that functions of the configuration make: what is particular to it. */
export interface RedisThings<T> {
  readonly what: string;
  readonly copy: string;
  readonly table: CapturedTable;
  idOf(row: Row): string | null;
  /** As many as ids, in their order; undefined for what was never stored. */
  find(ids: readonly string[]): Promise<readonly (T | undefined)[]>;
  /** Everything stored, by pages of a bounded size. */
  pages(): AsyncIterable<readonly T[]>;
  stored(thing: T): Stored;
  /** How the values of what both sides have compare. */
  compare(row: Row, thing: T): Verdict;
  lower(id: string, position: string): Promise<boolean>;
  remove(id: string, position: string): Promise<void>;
  mend?(id: string): Promise<void>;
}

interface StoredThing<T> extends Stored {
  readonly thing: T;
}

/** Such a copy as one that can be compared. The row of a thing cannot be asked for by key: ids are made by a function. */
export function redisSide<T>(things: RedisThings<T>): CopySide<StoredThing<T>> {
  const stored = (thing: T): StoredThing<T> => ({ ...things.stored(thing), thing });
  return {
    ...things,
    read: async (ids) => {
      const found = await things.find(ids);
      return new Map(
        found.flatMap((thing) => {
          if (thing === undefined) return [];
          const one = stored(thing);
          return [[one.id, one]];
        }),
      );
    },
    compare: async (expected, known) =>
      new Map(
        expected.map(({ id, source }) => {
          const found = known.get(id);
          return [id, presence(source, found) ?? things.compare(source!.row, found!.thing)];
        }),
      ),
    scan: async (onPage) => {
      for await (const page of things.pages()) await onPage(page.map(stored));
    },
    keyOf: () => null,
  };
}

/** What a function of the configuration makes of a row as the copies get it. @throws PROJECTION_FAILED */
export function projected<T>(what: string, table: string, row: Row, project: (row: Row) => T): T {
  try {
    return project(carriedRow(row));
  } catch (error) {
    throw poison(error, 'PROJECTION_FAILED', `project of ${what} table ${table} failed`);
  }
}
