import type { Database } from '../engine/model/database.ts';
import type { ServerState } from '../engine/run/serverState.ts';
import type { SessionState } from '../engine/run/sessionState.ts';
import type { SecurityContext } from '../security/securityContext.ts';
import type { SqlType, SqlValue } from '../sql/values.ts';

/** What the rows of a system view are made from: the server as one session sees it, in one database. */
export interface CatalogContext {
  readonly server: ServerState;
  readonly session: SessionState;
  readonly database: Database;
  /** Who asks, inside that database. */
  readonly security: SecurityContext;
  readonly nowMs: number;
}

/** Values by column name; columns left out are NULL. */
export type ViewRow = Readonly<Record<string, SqlValue>>;

/** A view of the system: its columns in order, its rows made anew for each query. */
export interface SystemView {
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[];
  /** Permission without which the view fails (300 for the server's, 262 for the database's, 229 for SELECT on the database). */
  readonly needs: 'VIEW SERVER STATE' | 'VIEW DATABASE STATE' | 'SELECT' | null;
  rows(context: CatalogContext): Iterable<ViewRow>;
}

/** Defines a view; columns are the keys of `columns`, in their order. */
export function view(
  columns: Readonly<Record<string, SqlType>>,
  rows: (context: CatalogContext) => Iterable<ViewRow>,
  needs: SystemView['needs'] = null,
): SystemView {
  return { columns: Object.entries(columns).map(([name, type]) => ({ name, type })), rows, needs };
}

/** Views by lower-case name without schema. */
export type ViewGroup = Readonly<Record<string, SystemView>>;

export function bit(value: boolean): number {
  return value ? 1 : 0;
}

const MS_TO_1900 = 2_208_988_800_000;

/** A moment as datetime value (ticks of 1/300 s since 1900). */
export function asDatetime(unixMs: number): number {
  return Math.round((unixMs + MS_TO_1900) * 0.3);
}

export const CI_COLLATION = 'SQL_Latin1_General_CP1_CI_AS';
/** Types the views use again and again. */
export const CHAR_2: SqlType = { k: 'char', n: 2 };
export const DESC: SqlType = { k: 'nvarchar', n: 60 };
export const LONG_TEXT: SqlType = { k: 'nvarchar', n: -1 };
