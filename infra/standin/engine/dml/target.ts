import type { TableSource } from '../../sql/ast.ts';
import type { DmlTarget } from '../../sql/astStatements.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import type { Access } from '../compile/access.ts';
import type { CompileContext } from '../compile/context.ts';
import type { TableObject } from '../model/tableObject.ts';
import { findObject, tableVariable, writtenName } from '../query/namedSource.ts';
import type { QueryScope } from '../query/scope.ts';
import type { BoundSource } from '../query/source.ts';
import type { Execution } from '../run/execution.ts';

/** The table a statement writes: its shape, and the table itself at run time. */
export interface WriteTarget {
  readonly table: TableObject;
  resolve(env: Execution): TableObject;
}

/** Finds the table; notes the right the statement needs. 208, 1087; views are refused. */
export function writeTarget(
  target: DmlTarget,
  permission: Access['permission'],
  columns: ReadonlySet<string> | null,
  context: CompileContext,
): WriteTarget {
  if (target.k === 'tableVariable') {
    const name = target.variable;
    const table = tableVariable(name, context, target.line);
    return { table, resolve: (env) => env.variable(name).table! };
  }
  const { object, database } = findObject(target.name, context, target.line);
  if (object.kind === 'view') throw unsupported('changing rows through a view', target.line);
  if (object.kind !== 'table') throw sqlError(208, writtenName(target.name)).at(target.line);
  context.accesses.push({ permission, database, object, columns });
  return { table: object, resolve: () => object };
}

/**
 * The source of FROM that UPDATE or DELETE means: the alias it names, else the table of that name. Undefined when FROM does not hold it:
 * the target is then joined to FROM by nothing.
 */
export function targetSource(target: DmlTarget, scope: QueryScope): BoundSource | undefined {
  const name = (target.k === 'tableVariable' ? target.variable : target.name.name).toLowerCase();
  const byAlias = scope.sources.filter((source) => source.exposed === name);
  if (byAlias.length === 1) return byAlias[0];
  if (byAlias.length > 1) throw sqlError(8154, name);
  const byTable = scope.sources.filter(
    ({ access }) => access.k === 'table' && access.shape.name.toLowerCase() === name,
  );
  return byTable.length === 1 ? byTable[0] : undefined;
}

/** The target as a source of its own, for statements without FROM. */
export function targetAsSource(target: DmlTarget, alias?: string): TableSource {
  if (target.k === 'tableVariable') return { k: 'tableVariable', variable: target.variable, alias, line: target.line };
  return { k: 'table', name: target.name, alias, hints: target.hints, line: target.line };
}
