import type { TableSource } from '../../sql/ast.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import { commonType } from '../../sql/typing.ts';
import { changeTableSource } from '../../tracking/changeTable.ts';
import { coerced } from './coerce.ts';
import { compileQuery } from './compileQuery.ts';
import type { JoinTree } from './joinTree.ts';
import { namedSource } from './namedSource.ts';
import type { OutputColumn } from './queryPlan.ts';
import type { QueryScope } from './scope.ts';
import { tracked } from './seekTerms.ts';
import { type BoundSource, rowsAccess, type SourceAccess, type SourceColumn } from './source.ts';
import { openJsonSource, tableFunctionSource } from './tableFunctions.ts';
import { xmlNodesSource } from './xmlNodes.ts';

/** Binds the items of FROM into the scope and returns their tree; null without any. */
export function bindFrom(sources: readonly TableSource[], scope: QueryScope): JoinTree | null {
  let tree: JoinTree | null = null;
  for (const source of sources) {
    const bound = bind(source, scope);
    tree = tree ? { k: 'join', kind: 'inner', left: tree, right: bound, on: undefined } : bound;
  }
  return tree;
}

function bind(source: TableSource, scope: QueryScope): JoinTree {
  if (source.k === 'join') {
    const left = bind(source.left, scope);
    const right = bind(source.right, scope);
    if (source.kind === 'right') {
      markNullable(left, scope);
      return { k: 'join', kind: 'left', left: right, right: left, on: source.on };
    }
    if (source.kind === 'left' || source.kind === 'full') markNullable(right, scope);
    if (source.kind === 'full') markNullable(left, scope);
    return { k: 'join', kind: source.kind === 'cross' ? 'inner' : source.kind, left, right, on: source.on };
  }
  if (source.k === 'apply') {
    const left = bind(source.left, scope);
    const right = bindLeaf(source.right, scope, true);
    if (source.outer) markNullable(right, scope);
    return { k: 'apply', outer: source.outer, left, right };
  }
  // A table function's arguments may name earlier sources only behind APPLY, yet OPENJSON and the like take variables anywhere.
  return bindLeaf(source, scope, false);
}

/** Outer joins make the columns of their optional side nullable. */
function markNullable(tree: JoinTree, scope: QueryScope): void {
  if (tree.k !== 'leaf') {
    markNullable(tree.left, scope);
    markNullable(tree.right, scope);
    return;
  }
  const at = scope.sources.indexOf(tree.source);
  const columns = tree.source.columns.map((column) => ({ ...column, nullable: true }));
  const changed = { ...tree.source, columns };
  if (at >= 0) scope.sources[at] = changed;
}

function bindLeaf(source: TableSource, scope: QueryScope, lateral: boolean): JoinTree {
  if (source.k === 'join' || source.k === 'apply') {
    if (!lateral) return bind(source, scope);
    throw unsupported('a join on the right side of APPLY');
  }
  const { result, slots } = tracked(scope, () => leafSource(source, scope, lateral));
  const bound: BoundSource = { slot: scope.sources.length, dependsOn: slots, ...result };
  if (bound.exposed !== '' && scope.sources.some((s) => s.exposed === bound.exposed && s.schema === bound.schema))
    throw sqlError(1013, bound.exposed, bound.exposed);
  scope.sources.push(bound);
  scope.context.readsTables = true;
  return { k: 'leaf', source: bound };
}

/** A source before it has its slot. */
export type UnboundSource = Omit<BoundSource, 'slot' | 'dependsOn'>;

function leafSource(
  source: Exclude<TableSource, { k: 'join' | 'apply' }>,
  scope: QueryScope,
  lateral: boolean,
): UnboundSource {
  switch (source.k) {
    case 'table':
    case 'tableVariable':
      return namedSource(source, scope);
    case 'derived': {
      const plan = compileQuery(source.query, scope.context, scope, lateral);
      const columns = derivedColumns(plan.columns, source.columns, source.alias);
      const access: SourceAccess = { k: 'rows', estimate: 1000, open: (f) => plan.open(f.env, f) };
      return { exposed: source.alias.toLowerCase(), schema: null, columns, access };
    }
    case 'values':
      return valuesSource(source, scope);
    case 'changeTable':
      return changeTableSource(source, scope);
    case 'openJson':
      return openJsonSource(source, scope);
    case 'tableFunction':
      return tableFunctionSource(source, scope);
    case 'xmlNodes':
      return xmlNodesSource(source, scope);
  }
}

/** Names the columns of a derived table or CTE: 8155 unnamed, 8156 twice, 8158/8159 wrong count. */
export function derivedColumns(
  columns: readonly OutputColumn[],
  names: readonly string[] | undefined,
  alias: string,
): SourceColumn[] {
  if (names && names.length < columns.length) throw sqlError(8158, alias);
  if (names && names.length > columns.length) throw sqlError(8159, alias);
  const seen = new Set<string>();
  return columns.map((column, at) => {
    const name = names?.[at] ?? column.name;
    if (name === '') throw sqlError(8155, at + 1, alias);
    if (seen.has(name.toLowerCase())) throw sqlError(8156, name, alias);
    seen.add(name.toLowerCase());
    return { name, type: column.type, nullable: column.nullable, collation: column.collation, at };
  });
}

function valuesSource(source: Extract<TableSource, { k: 'values' }>, scope: QueryScope): UnboundSource {
  const rows = source.rows.map((row) => row.map((expr) => compileExpr(expr, scope)));
  const width = rows[0]!.length;
  if (rows.some((row) => row.length !== width)) throw sqlError(10709);
  if (source.columns.length !== width) throw sqlError(source.columns.length < width ? 8158 : 8159, source.alias);
  const unified: Compiled[][] = rows.map(() => []);
  const columns: SourceColumn[] = [];
  for (let at = 0; at < width; at++) {
    const type = unifiedType(rows.map((row) => row[at]!));
    for (let r = 0; r < rows.length; r++) unified[r]!.push(coerced(rows[r]![at]!, type));
    columns.push({ name: source.columns[at]!, type, nullable: rows.some((row) => row[at]!.nullable), at });
  }
  const access = rowsAccess((f) => unified.map((row) => row.map((item) => item.eval(f))), rows.length);
  return { exposed: source.alias.toLowerCase(), schema: null, columns, access };
}

/** The type several expressions share; int when all are the bare NULL. */
export function unifiedType(items: readonly Pick<Compiled, 'type' | 'untypedNull'>[]): Compiled['type'] {
  const typed = items.filter((item) => !item.untypedNull);
  return typed.map((item) => item.type).reduce((a, b) => commonType(a, b), typed[0]?.type ?? { k: 'int' });
}
