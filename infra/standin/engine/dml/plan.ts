import type { RowData } from '../../store/row.ts';
import type { TableObject } from '../model/tableObject.ts';
import type { OutputColumn } from '../query/queryPlan.ts';
import type { Execution } from '../run/execution.ts';

/** What a change did to a table, for triggers. */
export interface ChangeEvent {
  readonly table: TableObject;
  readonly kind: 'insert' | 'update' | 'delete';
  readonly inserted: readonly RowData[];
  readonly deleted: readonly RowData[];
  /** Positions of the columns an UPDATE assigns; all for INSERT. */
  readonly columns: ReadonlySet<number>;
}

export interface DmlResult {
  readonly count: number;
  /** Rows of OUTPUT without INTO. */
  readonly output: { readonly columns: readonly OutputColumn[]; readonly rows: readonly RowData[] } | null;
  readonly events: readonly ChangeEvent[];
}

/** A compiled change. `run` is synchronous and may throw Blocked; the runner then undoes it and tries again. */
export interface DmlPlan {
  /** The table it changes, as it was when the plan was made; absent where no trigger can fire. */
  readonly target?: TableObject;
  run(env: Execution): DmlResult;
}
