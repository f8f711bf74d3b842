import type { CapturedTable, Row } from '#connectors/capture/types.ts';
import type { SourceRow } from './sourceReader.ts';

/** Something a copy holds, gone things too. */
export interface Stored {
  readonly id: string;
  readonly position: string;
  /** Where it was changed last, when that does not show in its position: what is taken away leaves none. */
  readonly movedAt?: string;
  /** False for what is marked as deleted. */
  readonly live: boolean;
}

/** How a thing of a copy compares with its source row. */
export interface Verdict {
  readonly kind: 'equal' | 'missing' | 'extra' | 'different' | 'link' | 'history';
  readonly fields: readonly string[];
}

export const EQUAL: Verdict = { kind: 'equal', fields: [] };

/** A copy that is made from the rows of one table, one thing a row. */
export interface CopySide<T extends Stored = Stored> {
  /** As it is called in reports. */
  readonly what: string;
  /** As progress calls it. */
  readonly copy: string;
  readonly table: CapturedTable;
  /** What the row is in the copy; null when the copy does not show it. @throws SluiceError PROJECTION_FAILED */
  idOf(row: Row): string | null;
  /** What is stored under the ids, those never stored left out. */
  read(ids: readonly string[]): Promise<ReadonlyMap<string, T>>;
  /** `source` null: there should be nothing. Several at once, because a copy may look further; answers by id. */
  compare(
    expected: readonly { readonly id: string; readonly source: SourceRow | null }[],
    stored: ReadonlyMap<string, T>,
  ): Promise<ReadonlyMap<string, Verdict>>;
  /** Everything stored, by pages of a bounded size. */
  scan(onPage: (stored: readonly T[]) => Promise<void>): Promise<void>;
  /** The row's key columns for an id; null where an id does not tell them. */
  keyOf(id: string): Row | null;
  /** Sets a position that cannot be below every real one, if it is still the one that was seen. */
  lower(id: string, position: string): Promise<boolean>;
  /** Marks a thing as deleted at this position, if it is stored at a lower one; only for things whose row cannot be asked for by key. */
  remove?(id: string, position: string): Promise<void>;
  /** Mends what a re-read of the row would not. */
  mend?(id: string): Promise<void>;
}

/** The verdict when only presence can be told, or null when both are there. */
export function presence(source: SourceRow | null, stored: Stored | undefined): Verdict | null {
  const live = stored?.live === true;
  if (source === null) return live ? { kind: 'extra', fields: [] } : EQUAL;
  return live ? null : { kind: 'missing', fields: [] };
}
