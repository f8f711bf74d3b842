import type { Frame } from '../../sql/exprTypes.ts';
import type { SqlValue } from '../../sql/values.ts';
import type { Row, RowData } from '../../store/row.ts';
import type { Execution } from '../run/execution.ts';

/** The current rows of one query level, and of the levels around it. */
export interface QueryFrame extends Frame {
  readonly env: Execution;
  readonly parent: QueryFrame | null;
  /** Current row of each FROM source, by slot. A source without a row (outer join) has NO_ROW. */
  rows: RowData[];
  /** Stored row behind `rows`, where the source is the target of a change; else null. */
  handles: (Row | null)[];
  /** GROUP BY values of the current group. */
  group: SqlValue[];
  /** Aggregates of the current group. */
  aggregates: SqlValue[];
  /** Window function results of the current row. */
  windows: SqlValue[];
}

/** Stands for the missing side of an outer join: every column reads as NULL. */
export const NO_ROW: RowData = [];

export function newFrame(env: Execution, parent: QueryFrame | null, slots: number): QueryFrame {
  return {
    env,
    parent,
    rows: new Array<RowData>(slots).fill(NO_ROW),
    handles: [],
    group: [],
    aggregates: [],
    windows: [],
  };
}

/** Moves to the next row (the frame's `rows` then hold it); false at the end. */
export type Pull = () => boolean;

/** The next output row; null at the end. */
export type RowPull = () => RowData | null;

/** All rows of a pull. */
export function drain(pull: RowPull): RowData[] {
  const rows: RowData[] = [];
  for (let row = pull(); row !== null; row = pull()) rows.push(row);
  return rows;
}

/** A pull over rows that exist already. */
export function pullFrom(rows: readonly RowData[]): RowPull {
  let at = 0;
  return () => (at < rows.length ? rows[at++]! : null);
}
