import { decrementLsn, type Lsn, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import type { ErrorCode } from '#infra/runtime/errorCodes.ts';
import type { MergeSource } from './merge.ts';
import { endOf, type Position } from './position.ts';
import type { CapturedTable } from './types.ts';

/** A stretch of a table's changes that is read through one capture instance with one set of columns. */
export interface TableSegment {
  /** A value of its own for each version of the table: readers and encoders are kept by it. */
  readonly table: CapturedTable;
  /** Commits at or above it … */
  readonly from: Lsn;
  /** … and below this one; null = no end. */
  readonly until: Lsn | null;
  /** Why nothing of it can be written: the table stops right before it. `held`: it goes on by itself when the reason is gone. */
  readonly blocked: SegmentBlock | null;
}

export interface SegmentBlock {
  readonly code: ErrorCode;
  /** One line for a person. */
  readonly reason: string;
  readonly held: boolean;
}

/** What to read of one version: changes after `from`, up to and including commit `to`. */
export interface SegmentRange {
  readonly table: CapturedTable;
  readonly from: Position;
  readonly to: Lsn;
}

/** The parts of (from, to] that each segment holds, in order; ends before the first blocked one. */
export function segmentRanges(segments: readonly TableSegment[], from: Position, to: Lsn): SegmentRange[] {
  const ranges: SegmentRange[] = [];
  for (const segment of segments) {
    if (segment.blocked || segment.from > to) break;
    const start = segment.from === ZERO_LSN ? from : later(from, endOf(decrementLsn(segment.from)));
    const last = segment.until === null || segment.until > to ? to : decrementLsn(segment.until);
    if (endOf(last) > start) ranges.push({ table: segment.table, from: start, to: last });
  }
  return ranges;
}

/** The first blocked segment that begins at or below this LSN: the table can only be read up to before it. */
export function blockedWithin(segments: readonly TableSegment[], to: Lsn): TableSegment | null {
  return segments.find((segment) => segment.blocked !== null && segment.from <= to) ?? null;
}

/** One source after the other. A source is asked only when those before it are empty. */
export function chained<T>(sources: readonly MergeSource<T>[]): MergeSource<T> {
  let at = 0;
  const peek = (): T | undefined | Promise<T | undefined> => {
    while (at < sources.length) {
      const next = sources[at]!.peek();
      if (next instanceof Promise)
        return next.then((item) => {
          if (item !== undefined) return item;
          at++;
          return peek();
        });
      if (next !== undefined) return next;
      at++;
    }
    return undefined;
  };
  return { peek, take: () => sources[at]!.take() };
}

function later(a: Position, b: Position): Position {
  return a > b ? a : b;
}
