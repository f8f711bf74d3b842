import type { Expr, Predicate } from '../../sql/ast.ts';
import type { StoredColumn } from '../../store/tableTypes.ts';

/** A DEFAULT constraint. */
export interface DefaultConstraint {
  readonly id: number;
  readonly name: string;
  readonly text: string;
  readonly expr: Expr;
  /** The name was made up. */
  readonly generated: boolean;
}

export interface IdentityProperty {
  readonly seed: bigint;
  readonly increment: bigint;
}

/** A column of a table. Its position in the table's list never changes; dropped columns stay there. */
export interface Column extends StoredColumn {
  readonly nullable: boolean;
  /** Canonical lower-case type name as declared: 'numeric', 'sysname'; for alias types that name. */
  readonly typeName: string;
  readonly identity?: IdentityProperty | undefined;
  readonly default?: DefaultConstraint | undefined;
  readonly computed?: { readonly expr: Expr; readonly text: string; readonly persisted: boolean } | undefined;
  readonly rowGuid: boolean;
  readonly dropped: boolean;
}

export interface CheckConstraint {
  readonly id: number;
  readonly name: string;
  readonly text: string;
  readonly test: Predicate;
  /** Position of the column it was written with; -1 for the table. */
  readonly columnAt: number;
  enabled: boolean;
  trusted: boolean;
}
