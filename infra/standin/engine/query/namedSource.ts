import { systemViewSource } from '../../catalog/systemViews.ts';
import { cdcSource } from '../../cdc/cdcSources.ts';
import type { ObjectName, TableSource } from '../../sql/ast.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import type { CompileContext } from '../compile/context.ts';
import type { Database } from '../model/database.ts';
import type { DatabaseObject, View } from '../model/modules.ts';
import type { TableObject } from '../model/tableObject.ts';
import type { Execution } from '../run/execution.ts';
import { compileQuery } from './compileQuery.ts';
import { cteSource } from './cte.ts';
import { derivedColumns, type UnboundSource } from './from.ts';
import { lockPlanOf } from './hints.ts';
import type { QueryScope } from './scope.ts';
import type { SourceColumn } from './source.ts';

const MAX_NESTING = 32;

export function tableColumns(table: TableObject): SourceColumn[] {
  return table.columns.flatMap((column, at) =>
    column.dropped
      ? []
      : [
          {
            name: column.name,
            type: column.type,
            nullable: column.nullable,
            collation: column.collation,
            at,
            identity: column.identity !== undefined,
            computed: column.computed !== undefined,
          },
        ],
  );
}

/** A table, view, CTE, temp table, table variable or system view of FROM. 208 when there is none of that name. */
export function namedSource(
  source: Extract<TableSource, { k: 'table' | 'tableVariable' }>,
  scope: QueryScope,
): UnboundSource {
  const { context } = scope;
  if (source.k === 'tableVariable') {
    const table = tableVariable(source.variable, context, source.line);
    return {
      exposed: (source.alias ?? source.variable).toLowerCase(),
      schema: null,
      columns: tableColumns(table),
      access: {
        k: 'table',
        shape: table,
        resolve: (env) => env.variable(source.variable).table!,
        lock: lockPlanOf([]),
      },
    };
  }
  const { name } = source;
  const exposed = (source.alias ?? name.name).toLowerCase();
  if (name.schema === undefined && name.database === undefined) {
    const cte = cteSource(name.name, exposed, scope);
    if (cte) return cte;
    const key = name.name.toLowerCase();
    const pseudo = context.pseudoTables.get(key);
    if (pseudo) return tableSource(context, pseudo, exposed, [], null, (env) => env.pseudoTables.get(key)!);
  }
  const system = systemViewSource(name, exposed, context) ?? cdcSource(name, exposed, context);
  if (system) return system;
  const { object, database } = findObject(name, context, source.line);
  if (object.kind === 'view') return viewSource(object, database, exposed, context);
  if (object.kind !== 'table') throw sqlError(208, writtenName(name)).at(source.line);
  const schema = source.alias === undefined ? object.schema.name.toLowerCase() : null;
  const read = new Set<string>();
  context.accesses.push({ permission: 'SELECT', database, object, columns: read });
  return { ...tableSource(context, object, exposed, source.hints, schema, () => object), read };
}

function tableSource(
  context: CompileContext,
  table: TableObject,
  exposed: string,
  hints: readonly string[],
  schema: string | null,
  resolve: (env: Execution) => TableObject,
): UnboundSource {
  const lock = lockPlanOf(hints);
  if (lock.current) context.mayBlock = true;
  return { exposed, schema, columns: tableColumns(table), access: { k: 'table', shape: table, resolve, lock } };
}

/** The declared pattern of a table variable; 1087 when there is none. */
export function tableVariable(name: string, context: CompileContext, line: number): TableObject {
  const declared = context.variables.get(name);
  if (declared?.k !== 'table') throw sqlError(1087, name).at(line);
  return declared.pattern;
}

export function writtenName(name: ObjectName): string {
  const parts = [name.database, name.schema, name.name];
  while (parts.length > 1 && parts[0] === undefined) parts.shift();
  return parts.map((part) => part ?? '').join('.');
}

/** A table, view or other object by name, also a temp table of the session; 208 when missing. */
export function findObject(
  name: ObjectName,
  context: CompileContext,
  line: number,
): { object: DatabaseObject; database: Database } {
  if (name.name.startsWith('#')) {
    const key = name.name.toLowerCase();
    const table = context.session.findTemp(key);
    if (!table) throw sqlError(208, name.name).at(line);
    context.temps.set(key, table);
    return { object: table, database: context.session.server.tempdb };
  }
  const database = context.databaseOf(name);
  let object =
    name.schema !== undefined && name.schema !== ''
      ? database.find(name.schema, name.name)
      : (database.find(context.session.defaultSchema, name.name) ?? database.find('dbo', name.name));
  if (object?.kind === 'synonym') object = findObject(object.target, context, line).object;
  if (!object) throw sqlError(208, writtenName(name)).at(line);
  return { object, database };
}

function viewSource(view: View, database: Database, exposed: string, context: CompileContext): UnboundSource {
  if (++context.depth > MAX_NESTING) throw sqlError(217);
  if (database !== context.database) throw unsupported('a view of another database');
  const owner = view.schema.owner;
  const before = context.accesses.length;
  const plan = compileQuery(view.definition.query, context, null, false);
  context.depth--;
  // The view's owner vouches for what he owns himself.
  const inner = context.accesses.splice(before).filter((access) => access.object.schema.owner !== owner);
  const read = new Set<string>();
  context.accesses.push(...inner, { permission: 'SELECT', database, object: view, columns: read });
  return {
    exposed,
    read,
    schema: view.schema.name.toLowerCase(),
    columns: derivedColumns(plan.columns, view.definition.columns, view.name),
    access: { k: 'rows', estimate: 1000, open: (f) => plan.open(f.env, null) },
  };
}
