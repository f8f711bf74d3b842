import type { ObjectName, Select, SelectItem, TableSource } from '../../sql/ast.ts';
import type { InsertStatement } from '../../sql/astStatements.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import type { Access } from '../compile/access.ts';
import type { CompileContext } from '../compile/context.ts';
import type { View } from '../model/modules.ts';
import type { TableObject } from '../model/tableObject.ts';
import { findObject } from '../query/namedSource.ts';

/** Changes of rows through views: those over one table, without DISTINCT, GROUP BY and TOP (sql-docs: CREATE VIEW, updatable views). */

/** A view of the current database by name; undefined when the name means something else. */
export function viewNamed(name: ObjectName, context: CompileContext): View | undefined {
  if (name.name.startsWith('#') || name.database !== undefined) return undefined;
  const { database, session } = context;
  const object = name.schema
    ? database.find(name.schema, name.name)
    : (database.find(session.defaultSchema, name.name) ?? database.find('dbo', name.name));
  return object?.kind === 'view' ? object : undefined;
}

/** The one SELECT of a view whose rows can be changed, and its table; 4406 for other views. */
export function changeableSelect(
  view: View,
  context: CompileContext,
): { readonly select: Select; readonly table: TableObject } {
  const { query } = view.definition;
  const { body } = query;
  if (body.k !== 'select' || body.distinct || body.groupBy.length > 0 || body.having || body.top)
    throw sqlError(4406, view.name);
  const [base] = body.from;
  if (body.from.length !== 1 || base?.k !== 'table')
    throw unsupported('Changing rows through a view of several tables');
  const { object } = findObject(base.name, context, base.line);
  if (object.kind !== 'table') throw unsupported('Changing rows through a view of another view');
  return { select: body, table: object };
}

/** The view as a derived table of FROM under `alias`. */
export function viewAsDerived(view: View, alias: string): Extract<TableSource, { k: 'derived' }> {
  const { query, columns } = view.definition;
  return { k: 'derived', query, alias, ...(columns ? { columns } : {}) } as Extract<TableSource, { k: 'derived' }>;
}

/** An INSERT into a view as one into its table; other statements are returned as they are. */
export function insertThroughView(statement: InsertStatement, context: CompileContext): InsertStatement {
  const { target } = statement;
  const view = target.k === 'table' ? viewNamed(target.name, context) : undefined;
  if (target.k !== 'table' || !view) return statement;
  const { select, table } = changeableSelect(view, context);
  const behind = columnsBehind(view, select, table);
  const wanted = statement.columns ?? [...behind.keys()];
  const columns = wanted.map((name) => {
    const column = behind.get(name.toLowerCase());
    if (column === undefined) throw sqlError(207, name);
    if (column === null) throw sqlError(4406, view.name);
    return column;
  });
  const name = { schema: table.schema.name, name: table.name };
  return { ...statement, columns, target: { ...target, name } };
}

/** Column names of the view in lower case, each with the table's column it shows; null for a computed one. */
function columnsBehind(view: View, select: Select, table: TableObject): Map<string, string | null> {
  const shown = select.items.flatMap((item): (readonly [string, string | null])[] => {
    if (item.k === 'star')
      return table.columns.filter((column) => !column.dropped).map(({ name }) => [name, name] as const);
    return item.k === 'expr' ? [namedItem(item)] : [];
  });
  const names = view.definition.columns;
  return new Map(shown.map(([name, behind], at) => [(names?.[at] ?? name).toLowerCase(), behind]));
}

function namedItem(item: Extract<SelectItem, { k: 'expr' }>): readonly [string, string | null] {
  const behind = item.expr.k === 'column' ? item.expr.name : null;
  return [item.alias ?? behind ?? '', behind];
}

/**
 * Asks for the right to change the view in place of those to its table, when both have one owner. `before`: number of rights the statement
 * needed before its own were noted.
 */
export function vouchForTable(
  context: CompileContext,
  before: number,
  view: View,
  permission: Access['permission'],
  columns: ReadonlySet<string> | null,
): void {
  const { table } = changeableSelect(view, context);
  const own = context.accesses.splice(before);
  const kept = table.schema.owner === view.schema.owner ? own.filter(({ object }) => object.id !== table.id) : own;
  const { database } = context;
  context.accesses.push(...kept, { permission, database, object: view, columns });
}
