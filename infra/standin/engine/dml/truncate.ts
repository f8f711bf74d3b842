import type { ObjectName } from '../../sql/ast.ts';
import { sqlError } from '../../sql/errors.ts';
import { FIRST, LAST } from '../../store/orderedMap.ts';
import { LATEST, type Row, visible } from '../../store/row.ts';
import type { CompileContext } from '../compile/context.ts';
import { findObject, writtenName } from '../query/namedSource.ts';
import type { Execution } from '../run/execution.ts';
import type { DmlPlan } from './plan.ts';

/** TRUNCATE TABLE: deletes all rows without triggers and starts identity again. Refused for captured or referenced tables. */
export function compileTruncate(
  statement: { readonly table: ObjectName; readonly line: number },
  context: CompileContext,
): DmlPlan {
  const { object, database } = findObject(statement.table, context, statement.line);
  if (object.kind !== 'table') throw sqlError(4701, writtenName(statement.table));
  context.accesses.push({ permission: 'ALTER', database, object, columns: null });
  return {
    run: (env: Execution) => {
      if (object.captures.length > 0) throw sqlError(4711, object.name);
      if (object.referencedBy.some((key) => key.table !== object)) throw sqlError(4712, object.name);
      env.statement.touch(object);
      const { tx } = env.statement;
      object.data.locks.lockTable(tx, 'X');
      const rows: Row[] = [];
      const cursor = object.data.indexes[0]!.entries.cursor(FIRST, LAST);
      while (cursor.next()) if (visible(cursor.value, tx, LATEST) !== null) rows.push(cursor.value);
      for (const row of rows) object.data.delete(tx, row);
      object.lastIdentity = null;
      if (object.data.tracking) tx.truncated.add(object.data);
      return { count: rows.length, output: null, events: [] };
    },
  };
}
