import type { Collation } from '../../sql/collation.ts';
import type { SqlType, SqlValue } from '../../sql/values.ts';
import type { RowData } from '../../store/row.ts';
import type { TableObject } from '../model/tableObject.ts';
import type { Execution } from '../run/execution.ts';
import type { QueryFrame, RowPull } from './frame.ts';

/** A column of a FROM source or of a query's result. */
export interface SourceColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly nullable: boolean;
  readonly collation?: Collation | undefined;
  /** Position of the value in the source's rows. */
  readonly at: number;
  readonly identity?: boolean | undefined;
  readonly computed?: boolean | undefined;
}

/** A bound of a range: one value, or several that compare as a row. */
export interface RangeEnd {
  readonly values: readonly SqlValue[];
  readonly inclusive: boolean;
}

/** A part of an index: equal leading columns, then a range on the columns after them. */
export interface SeekRange {
  readonly equals: readonly SqlValue[];
  readonly low: RangeEnd | null;
  readonly high: RangeEnd | null;
}

/** How a table's rows are read: `snapshot` versions, or the newest ones, waiting for writers and possibly locking. */
export interface LockPlan {
  /** Read the newest committed version and wait for open writers (hints, blocking read committed, targets of changes). */
  readonly current: boolean;
  /** Lock each row read. */
  readonly rowLock: 'S' | 'U' | 'X' | null;
  /** Lock the range that was searched (HOLDLOCK, SERIALIZABLE). */
  readonly range: 'S' | 'U' | null;
  readonly tableLock: 'S' | 'X' | null;
  /** READPAST */
  readonly skipLocked: boolean;
  /** NOWAIT: 1222 instead of waiting. */
  readonly noWait: boolean;
  /** NOLOCK */
  readonly dirty: boolean;
}

/** Rows with an order that can be searched, but no stored table: change tables, cdc.lsn_time_mapping. */
export interface OrderedRows {
  /** Positions of the columns the rows are ordered by. */
  readonly order: readonly number[];
  /** True when `order` identifies a row. */
  readonly unique: boolean;
  estimate(): number;
  scan(env: Execution, range: SeekRange, reverse: boolean): RowPull;
}

/** Where a source's rows come from. */
export type SourceAccess =
  | {
      readonly k: 'table';
      /** The table at compile time: its shape decides the plan. */
      readonly shape: TableObject;
      /** The table at run time: table variables differ from run to run. */
      readonly resolve: (env: Execution) => TableObject;
      readonly lock: LockPlan;
    }
  | { readonly k: 'ordered'; readonly rows: OrderedRows }
  | { readonly k: 'rows'; readonly estimate: number; open(f: QueryFrame): RowPull };

/** A source bound into a query. */
export interface BoundSource {
  readonly slot: number;
  /** Alias or table name in lower case; '' matches no qualifier. */
  readonly exposed: string;
  /** Lower-case schema of a table named without alias. */
  readonly schema: string | null;
  readonly columns: readonly SourceColumn[];
  readonly access: SourceAccess;
  /** Collects the columns that are read, in lower case, for the check of rights. */
  readonly read?: Set<string> | undefined;
  /** Slots of earlier sources its rows depend on (APPLY). */
  readonly dependsOn: ReadonlySet<number>;
}

/** Columns at positions 0, 1, 2… */
export function shapeColumns(
  columns: readonly { readonly name: string; readonly type: SqlType; readonly nullable?: boolean }[],
): SourceColumn[] {
  return columns.map((column, at) => ({ name: column.name, type: column.type, nullable: column.nullable ?? true, at }));
}

/** A source whose rows are computed as a whole. */
export function rowsAccess(rows: (f: QueryFrame) => readonly RowData[], estimate = 100): SourceAccess {
  return {
    k: 'rows',
    estimate,
    open: (f) => {
      const list = rows(f);
      let at = 0;
      return () => (at < list.length ? list[at++]! : null);
    },
  };
}
