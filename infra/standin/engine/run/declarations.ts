import type { TypeRef } from '../../sql/ast.ts';
import type { ColumnDefinition, TableDefinition } from '../../sql/astDdl.ts';
import type { Statement } from '../../sql/astStatements.ts';
import { sqlError } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import { CompileContext, type Declared } from '../compile/context.ts';
import { resolveTypeRef, tableTypeOf } from '../compile/types.ts';
import { buildTable } from '../ddl/buildTable.ts';
import type { Column } from '../model/columns.ts';
import type { Database } from '../model/database.ts';
import type { TableObject } from '../model/tableObject.ts';
import { QueryScope } from '../query/scope.ts';
import { SUBQUERIES } from '../query/subqueries.ts';
import { PLAIN_READ } from '../query/tableScan.ts';
import type { SessionState } from './sessionState.ts';

/** Gathers the variables a list of statements declares, at any depth, into `into`; 134 for a name declared twice. */
export function collectDeclarations(
  statements: readonly Statement[],
  session: SessionState,
  database: Database,
  into: Map<string, Declared>,
): void {
  for (const statement of statements) {
    switch (statement.k) {
      case 'declare':
        for (const item of statement.items) {
          if (into.has(item.name)) throw sqlError(134, item.name).at(statement.line);
          into.set(
            item.name,
            item.k === 'scalar'
              ? declaredType(item.type, database)
              : { k: 'table', pattern: tablePattern(item.name, item.table, session, database) },
          );
        }
        break;
      case 'block':
        collectDeclarations(statement.body, session, database, into);
        break;
      case 'tryCatch':
        collectDeclarations(statement.body, session, database, into);
        collectDeclarations(statement.handler, session, database, into);
        break;
      case 'if':
        collectDeclarations([statement.body], session, database, into);
        if (statement.otherwise) collectDeclarations([statement.otherwise], session, database, into);
        break;
      case 'while':
        collectDeclarations([statement.body], session, database, into);
        break;
      default:
        break;
    }
  }
}

/** A scalar or table type of a variable or parameter. */
export function declaredType(ref: TypeRef, database: Database): Declared {
  const pattern = tableTypeOf(ref, database);
  return pattern ? { k: 'table', pattern } : { k: 'scalar', type: resolveTypeRef(ref, database).type };
}

function tablePattern(
  name: string,
  definition: TableDefinition,
  session: SessionState,
  database: Database,
): TableObject {
  const { tempdb } = session.server;
  return buildTable({
    database: tempdb,
    typesFrom: database,
    schema: tempdb.schemas.get('dbo')!,
    name,
    definition,
    isVariable: true,
    nowMs: session.server.nowMs(),
    computedType: (column, columns) => computedColumnType(column, columns, session, database),
  });
}

/** The type of a computed column: that of its expression over the columns before it. */
export function computedColumnType(
  column: ColumnDefinition,
  columns: readonly Column[],
  session: SessionState,
  database: Database,
): { type: Column['type']; nullable: boolean } {
  const context = new CompileContext({ session, database, variables: new Map(), queries: SUBQUERIES });
  const scope = new QueryScope(context, null);
  scope.sources.push({
    slot: 0,
    exposed: '',
    schema: null,
    columns: columns.map((other, at) => ({ name: other.name, type: other.type, nullable: other.nullable, at })),
    access: { k: 'table', shape: undefined as never, resolve: () => undefined as never, lock: PLAIN_READ },
    dependsOn: new Set(),
  });
  const { type, nullable } = compileExpr(column.computed!.expr, scope);
  return { type, nullable };
}
