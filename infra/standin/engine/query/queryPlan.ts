import type { Collation } from '../../sql/collation.ts';
import type { SqlType } from '../../sql/values.ts';
import type { Execution } from '../run/execution.ts';
import type { QueryFrame, RowPull } from './frame.ts';

/** A column of a query's result. */
export interface OutputColumn {
  /** '' when it has none. */
  readonly name: string;
  readonly type: SqlType;
  readonly nullable: boolean;
  readonly collation?: Collation | undefined;
  readonly identity?: boolean | undefined;
  readonly computed?: boolean | undefined;
  /** A NULL constant without type. */
  readonly untypedNull?: boolean | undefined;
}

/** A compiled query. It holds no state of a run. */
export interface QueryPlan {
  readonly columns: readonly OutputColumn[];
  /** Refers to the query around it: its result depends on the current row there. */
  readonly correlated: boolean;
  open(env: Execution, parent: QueryFrame | null): RowPull;
}
