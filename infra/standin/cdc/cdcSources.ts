import type { CompileContext } from '../engine/compile/context.ts';
import type { UnboundSource } from '../engine/query/from.ts';
import type { QueryScope } from '../engine/query/scope.ts';
import { rowsAccess, shapeColumns } from '../engine/query/source.ts';
import type { ObjectName, TableFunction } from '../sql/ast.ts';
import { CDC_TABLES, cdcTableId } from './cdcTables.ts';
import { allChangesSource, netChangesSource } from './changeFunctions.ts';
import { changeTableSource } from './changeTableSource.ts';
import { checkCdcRead } from './readAccess.ts';
import { timeMappingSource } from './timeMappingSource.ts';

/** A table of schema cdc as a source of FROM; undefined for other names, and where CDC is not enabled (the caller then raises 208). */
export function cdcSource(name: ObjectName, exposed: string, context: CompileContext): UnboundSource | undefined {
  if (name.schema?.toLowerCase() !== 'cdc') return undefined;
  const database = context.databaseOf(name);
  const { cdc } = database;
  if (!cdc) return undefined;
  const low = name.name.toLowerCase();
  if (low === 'lsn_time_mapping') return timeMappingSource(cdc, database, exposed);
  const table = Object.hasOwn(CDC_TABLES, low) ? CDC_TABLES[low] : undefined;
  if (table) {
    return {
      exposed,
      schema: exposed === low ? 'cdc' : null,
      columns: shapeColumns(table.columns),
      access: rowsAccess((f) => {
        checkCdcRead(f.env, database, cdcTableId(low), low);
        return table.rows(cdc, database);
      }, 20),
    };
  }
  const instance = low.endsWith('_ct') ? cdc.find(low.slice(0, -3)) : undefined;
  return instance && changeTableSource(instance, database, exposed);
}

const ALL_CHANGES = 'fn_cdc_get_all_changes_';
const NET_CHANGES = 'fn_cdc_get_net_changes_';

/** A table-valued function of schema cdc as a source of FROM; undefined for other names. */
export function cdcTableFunction(source: TableFunction, scope: QueryScope): UnboundSource | undefined {
  const { name } = source;
  if (name.schema?.toLowerCase() !== 'cdc') return undefined;
  const database = scope.context.databaseOf(name);
  const { cdc } = database;
  if (!cdc) return undefined;
  const low = name.name.toLowerCase();
  const all = low.startsWith(ALL_CHANGES);
  if (!all && !low.startsWith(NET_CHANGES)) return undefined;
  const instance = cdc.find(low.slice(ALL_CHANGES.length));
  if (!instance || (!all && !instance.supportsNetChanges)) return undefined;
  const call = { cdc, database, instance };
  return all ? allChangesSource(source, scope, call) : netChangesSource(source, scope, call);
}
