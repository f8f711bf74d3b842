import type { Query, QueryBody, TableSource } from '../../sql/ast.ts';
import { converter } from '../../sql/convert.ts';
import { sqlError } from '../../sql/errors.ts';
import type { RowData } from '../../store/row.ts';
import { type BodyContext, compileBody, compileQuery, NO_TAIL } from './compileQuery.ts';
import { drain } from './frame.ts';
import { derivedColumns, type UnboundSource } from './from.ts';
import type { BoundRecursion, CteScope, QueryScope } from './scope.ts';
import { rowsAccess } from './source.ts';

const MAX_RECURSION = 100;

/** The common table expression of that name, if one is in sight: compiled anew for each reference. */
export function cteSource(name: string, exposed: string, scope: QueryScope): UnboundSource | null {
  const key = name.toLowerCase();
  for (let cte = scope.ctes; cte; cte = cte.outer) {
    if (cte.name !== key) continue;
    if (cte.recursion) return recursiveReference(cte.recursion, exposed, scope);
    return isRecursive(cte.table.query, key) ? recursiveSource(cte, exposed, scope) : plainSource(cte, exposed, scope);
  }
  return null;
}

function plainSource(cte: CteScope, exposed: string, scope: QueryScope): UnboundSource {
  const plan = compileQuery(cte.table.query, scope.context, null, false, cte.outer);
  return {
    exposed,
    schema: null,
    columns: derivedColumns(plan.columns, cte.table.columns, cte.table.name),
    access: { k: 'rows', estimate: 1000, open: (f) => plan.open(f.env, null) },
  };
}

function recursiveReference(recursion: BoundRecursion, exposed: string, scope: QueryScope): UnboundSource {
  // Its rows change from step to step, so nothing that reads them may be computed once.
  for (let level: QueryScope | null = scope; level; level = level.parent) level.correlated = true;
  return {
    exposed,
    schema: null,
    columns: recursion.columns,
    access: rowsAccess((f) => f.env.recursion.get(recursion.key) ?? []),
  };
}

function recursiveSource(cte: CteScope, exposed: string, scope: QueryScope): UnboundSource {
  const { body } = cte.table.query;
  if (body.k !== 'setOperation' || body.op !== 'unionAll') throw sqlError(252, cte.table.name);
  const at: BodyContext = { context: scope.context, parent: null, lateral: false, ctes: cte.outer };
  const anchor = compileBody(body.left, NO_TAIL, at);
  const columns = derivedColumns(anchor.columns, cte.table.columns, cte.table.name);
  const recursion: BoundRecursion = { columns, key: {} };
  const step = compileBody(body.right, NO_TAIL, { ...at, ctes: { ...cte, recursion } });
  if (step.columns.length !== columns.length) throw sqlError(205);
  const converters = step.columns.map((column, i) => converter(column.type, columns[i]!.type));
  const access = rowsAccess((f) => {
    const all: RowData[] = [];
    let last = drain(anchor.open(f.env, null));
    for (let depth = 0; last.length > 0; depth++) {
      all.push(...last);
      const limit = f.env.statement.maxRecursion ?? MAX_RECURSION;
      if (limit > 0 && depth > limit) throw sqlError(530, limit);
      const outer = f.env.recursion.get(recursion.key);
      f.env.recursion.set(recursion.key, last);
      last = drain(step.open(f.env, null)).map((row) => row.map((value, i) => converters[i]!(value)));
      if (outer) f.env.recursion.set(recursion.key, outer);
      else f.env.recursion.delete(recursion.key);
    }
    return all;
  }, 1000);
  return { exposed, schema: null, columns, access };
}

function isRecursive(query: Query, name: string): boolean {
  return bodyMentions(query.body, name);
}

function bodyMentions(body: QueryBody, name: string): boolean {
  if (body.k === 'setOperation') return bodyMentions(body.left, name) || bodyMentions(body.right, name);
  return body.from.some((source) => sourceMentions(source, name));
}

function sourceMentions(source: TableSource, name: string): boolean {
  switch (source.k) {
    case 'table':
      return source.name.schema === undefined && source.name.name.toLowerCase() === name;
    case 'join':
    case 'apply':
      return sourceMentions(source.left, name) || sourceMentions(source.right, name);
    case 'derived':
      return bodyMentions(source.query.body, name);
    default:
      return false;
  }
}
