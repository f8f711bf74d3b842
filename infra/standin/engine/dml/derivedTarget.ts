import type {
  ColumnRef,
  CommonTable,
  ObjectName,
  Predicate,
  Query,
  Select,
  SelectItem,
  TableSource,
} from '../../sql/ast.ts';
import type { DeleteStatement, SetClause, UpdateStatement } from '../../sql/astStatements.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import type { CompileContext } from '../compile/context.ts';
import type { View } from '../model/modules.ts';
import type { TableObject } from '../model/tableObject.ts';
import { findObject } from '../query/namedSource.ts';
import { HIDDEN_TARGET } from '../query/scope.ts';
import { changeableSelect, viewAsDerived, viewNamed } from './viewTarget.ts';

/** A query whose rows are those of one table, with that table's key added to its columns. */
interface Keyed {
  readonly query: Query;
  readonly select: Select;
  readonly base: Extract<TableSource, { k: 'table' }>;
  readonly keys: readonly string[];
}

/**
 * UPDATE and DELETE of a common table expression or derived table over one table, as in `WITH x AS (SELECT *, ROW_NUMBER() … ) DELETE FROM x
 * WHERE rn > 1`: rewritten to a change of the table itself, joined to the expression by the table's key. Other statements are returned as
 * they are.
 */
export function throughDerived<S extends UpdateStatement | DeleteStatement>(statement: S, context: CompileContext): S {
  return throughExpression(viewReplaced(statement, context), context);
}

/** The view an UPDATE or DELETE changes rows through; undefined when it changes a table. */
export function changedView(statement: UpdateStatement | DeleteStatement, context: CompileContext): View | undefined {
  const { target, from, ctes } = statement;
  if (target.k !== 'table') return undefined;
  const exposed = target.name.name.toLowerCase();
  const source = from.map((item) => sourceNamed(item, exposed)).find((item) => item !== undefined);
  if (source?.k === 'derived') return undefined;
  const name = source?.name ?? target.name;
  return isExpression(name, ctes) ? undefined : viewNamed(name, context);
}

/** The statement with the view it changes written as a derived table. */
function viewReplaced<S extends UpdateStatement | DeleteStatement>(statement: S, context: CompileContext): S {
  const view = changedView(statement, context);
  const { target, from } = statement;
  if (!view || target.k !== 'table') return statement;
  if (!changeableSelect(view, context).table.primaryKey)
    throw unsupported('Changing rows through a view of a table without primary key', target.line);
  const exposed = target.name.name.toLowerCase();
  const source = from.map((item) => sourceNamed(item, exposed)).find((item) => item !== undefined);
  const derived = viewAsDerived(view, target.name.name);
  return {
    ...statement,
    target: { ...target, name: { name: target.name.name } },
    from: source ? from.map((item) => replaced(item, source, derived)) : [...from, derived],
  };
}

function throughExpression<S extends UpdateStatement | DeleteStatement>(statement: S, context: CompileContext): S {
  const { target } = statement;
  if (target.k !== 'table' || target.name.schema !== undefined) return statement;
  const exposed = target.name.name.toLowerCase();
  const from: readonly TableSource[] =
    statement.from.length > 0 || !cteOf(statement.ctes, exposed)
      ? statement.from
      : [{ k: 'table', name: target.name, hints: [], line: target.line }];
  const source = from.map((item) => sourceNamed(item, exposed)).find((item) => item !== undefined);
  if (!source) return statement;
  const cte =
    source.k === 'table' && source.name.schema === undefined
      ? cteOf(statement.ctes, source.name.name.toLowerCase())
      : undefined;
  const query = source.k === 'derived' ? source.query : cte?.query;
  const keyed = query && withKeys(query, statement.ctes, context);
  if (!keyed) return statement;
  const names = (given: readonly string[] | undefined): { columns?: readonly string[] } =>
    given ? { columns: [...given, ...keyed.keys.map(keyAlias)] } : {};
  const ctes = statement.ctes.map((table) =>
    table === cte ? { ...table, query: keyed.query, ...names(table.columns) } : table,
  );
  const changed = source.k === 'derived' ? { ...source, query: keyed.query, ...names(source.columns) } : source;
  const base: TableSource = { ...keyed.base, alias: HIDDEN_TARGET };
  const where = [
    ...keyed.keys.map((key, i) => sameKey(exposed, key, i)),
    ...(statement.where ? [statement.where] : []),
  ];
  return {
    ...statement,
    ctes,
    target: { ...target, name: { name: HIDDEN_TARGET } },
    from: [...from.map((item) => replaced(item, source, changed)), base],
    where: where.reduce((left, right): Predicate => ({ k: 'and', left, right })),
    ...('set' in statement
      ? { set: statement.set.map((clause) => baseClause(clause, keyed.select, target.name.name)) }
      : {}),
  };
}

function cteOf(ctes: readonly CommonTable[], name: string): CommonTable | undefined {
  return ctes.findLast((table) => table.name.toLowerCase() === name);
}

/** The source of FROM that goes by a name: a derived table, or a plain one (which may be a common table expression). */
function sourceNamed(source: TableSource, name: string): Extract<TableSource, { k: 'table' | 'derived' }> | undefined {
  if (source.k === 'join' || source.k === 'apply')
    return sourceNamed(source.left, name) ?? sourceNamed(source.right, name);
  if (source.k === 'derived') return source.alias.toLowerCase() === name ? source : undefined;
  if (source.k !== 'table') return undefined;
  return (source.alias ?? source.name.name).toLowerCase() === name ? source : undefined;
}

function replaced(item: TableSource, from: TableSource, to: TableSource): TableSource {
  if (item === from) return to;
  if (item.k !== 'join' && item.k !== 'apply') return item;
  return { ...item, left: replaced(item.left, from, to), right: replaced(item.right, from, to) };
}

const keyAlias = (_key: string, at: number): string => `${HIDDEN_TARGET}${at}`;

/** The query with its table's primary key as further columns; undefined when its rows are not those of one table with a key. */
function withKeys(query: Query, ctes: readonly CommonTable[], context: CompileContext): Keyed | undefined {
  const { body } = query;
  if (body.k !== 'select' || body.distinct || body.groupBy.length > 0 || body.having || body.from.length !== 1)
    return undefined;
  const [base] = body.from;
  if (base?.k !== 'table' || isExpression(base.name, ctes)) return undefined;
  const { object } = findObject(base.name, context, base.line);
  if (object.kind !== 'table' || !object.primaryKey) return undefined;
  const keys = keyNames(object);
  const qualifier = [base.alias ?? base.name.name];
  const items: SelectItem[] = keys.map((name, i) => ({
    k: 'expr',
    expr: { k: 'column', qualifier, name, line: base.line },
    alias: keyAlias(name, i),
  }));
  const select: Select = { ...body, items: [...body.items, ...items] };
  return { query: { ...query, body: select }, select: body, base, keys };
}

function isExpression(name: ObjectName, ctes: readonly CommonTable[]): boolean {
  return name.schema === undefined && cteOf(ctes, name.name.toLowerCase()) !== undefined;
}

function keyNames(table: TableObject): string[] {
  return table.primaryKey!.columns.map((at) => table.columns[at]!.name);
}

function sameKey(exposed: string, key: string, at: number): Predicate {
  const column = (qualifier: string, name: string): ColumnRef => ({
    k: 'column',
    qualifier: [qualifier],
    name,
    line: 0,
  });
  return { k: 'compare', op: '=', left: column(HIDDEN_TARGET, key), right: column(exposed, keyAlias(key, at)) };
}

/** SET of a column of the expression as SET of the table's column behind it; 4406 when there is none. */
function baseClause(clause: SetClause, select: Select, name: string): SetClause {
  if (!clause.column) return clause;
  const wanted = clause.column.name.toLowerCase();
  let behind: string | undefined;
  for (const item of select.items) {
    if (item.k === 'star') behind ??= clause.column.name;
    else if (item.k === 'expr' && (item.alias ?? nameOf(item))?.toLowerCase() === wanted) behind = nameOf(item);
  }
  if (behind === undefined) throw sqlError(4406, name);
  return { ...clause, column: { ...clause.column, qualifier: [HIDDEN_TARGET], name: behind } };
}

function nameOf(item: Extract<SelectItem, { k: 'expr' }>): string | undefined {
  return item.expr.k === 'column' ? item.expr.name : undefined;
}
