import type { ObjectName } from '../../sql/ast.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import type { CompileContext } from '../compile/context.ts';
import { insertRowsInto, shapeFor } from '../dml/insertShape.ts';
import type { DmlPlan } from '../dml/plan.ts';
import type { Column } from '../model/columns.ts';
import { drain } from '../query/frame.ts';
import { cutByRowCount } from '../query/limit.ts';
import type { QueryPlan } from '../query/queryPlan.ts';
import { newTableObject } from './storeTable.ts';

/** SELECT … INTO: the table is made when the statement runs. */
export type IntoPlan = DmlPlan;

export function selectInto(name: ObjectName, query: QueryPlan, context: CompileContext): IntoPlan {
  const isTemp = name.name.startsWith('#');
  const database = isTemp ? context.session.server.tempdb : context.databaseOf(name);
  const unnamed = query.columns.findIndex((column) => column.name === '');
  if (unnamed >= 0) throw sqlError(1038);
  if (name.name.startsWith('##')) throw unsupported('SELECT INTO a global temp table');
  return {
    run: (env) => {
      const { session } = env;
      const schema = database.schemas.get((name.schema ?? (isTemp ? 'dbo' : session.defaultSchema)).toLowerCase());
      if (!schema) throw sqlError(2760, name.schema ?? '');
      const key = name.name.toLowerCase();
      if (isTemp ? session.temps.at(-1)!.has(key) : database.find(schema.name, name.name))
        throw sqlError(2714, name.name);
      if (!isTemp && !session.security.isOwner && !session.security.hasDatabase('CREATE TABLE'))
        throw sqlError(262, 'CREATE TABLE', database.name);
      const rows = drain(cutByRowCount(env, query.open(env, null)));
      const table = newTableObject({
        id: database.nextObjectId(),
        database,
        schema,
        name: name.name,
        columns: query.columns.map(intoColumn),
        indexes: [],
        isVariable: false,
        nowMs: session.server.nowMs(),
      });
      const { identityInsert } = session;
      if (table.identityAt >= 0) session.identityInsert = table;
      try {
        insertRowsInto(
          env,
          shapeFor(
            { table, resolve: () => table },
            query.columns.map((column) => column.name),
            query.columns,
            true,
          ),
          rows,
        );
      } finally {
        session.identityInsert = identityInsert;
      }
      if (isTemp) session.temps.at(-1)!.set(key, table);
      else {
        database.add(table);
        session.server.changed();
        env.statement.tx.noteDefinition(() => {
          database.remove(table);
          session.server.changed();
        });
      }
      return { count: rows.length, output: null, events: [] };
    },
  };
}

function intoColumn(column: QueryPlan['columns'][number]): Column {
  const { name, type, nullable, collation, identity } = column;
  return {
    name,
    type: type.k === 'rowversion' ? { k: 'binary', n: 8 } : type,
    typeName: type.k === 'decimal' ? 'decimal' : type.k,
    nullable: identity ? false : nullable,
    collation,
    identity: identity ? { seed: 1n, increment: 1n } : undefined,
    rowGuid: false,
    dropped: false,
  };
}
