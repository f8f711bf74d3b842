import { asDatetime } from '../catalog/view.ts';
import type { CompileContext } from '../engine/compile/context.ts';
import { type EngineFunction, fn } from '../engine/functions/engineFunction.ts';
import type { Database } from '../engine/model/database.ts';
import type { QueryScope } from '../engine/query/scope.ts';
import type { FunctionCall } from '../sql/ast.ts';
import { sqlError } from '../sql/errors.ts';
import type { Compiled } from '../sql/exprTypes.ts';
import { BIT, binary, DATETIME, INT, nvarchar, type SqlValue, SYSNAME, varbinary } from '../sql/values.ts';
import type { CdcDatabase } from './cdcDatabase.ts';
import { lsnBytes, stepLsn, ZERO_LSN } from './lsn.ts';
import { passesGate } from './readAccess.ts';
import { isBitSet } from './updateMask.ts';

const LSN = binary(10);

/** Functions by lower-case name, each made for the database the call names. */
const FUNCTIONS: Readonly<Record<string, (database: Database) => EngineFunction>> = {
  fn_cdc_get_max_lsn: (database) =>
    fn(LSN, [], () => {
      const { last } = enabled(database).times;
      return last ? lsnBytes(last.startLsn) : null;
    }),
  // Unknown and forbidden instances answer zero; one that the capture job has not reached yet answers NULL.
  fn_cdc_get_min_lsn: (database) =>
    fn(LSN, [SYSNAME], (env, [name]) => {
      const instance = name === null ? undefined : database.cdc?.find(name as string);
      if (!instance || !passesGate(env, database, instance)) return ZERO_LSN;
      return instance.ready ? lsnBytes(instance.startLsn) : null;
    }),
  fn_cdc_increment_lsn: () => fn(LSN, [LSN], (_env, [lsn]) => (lsn === null ? null : stepLsn(lsn as Buffer, 1))),
  fn_cdc_decrement_lsn: () => fn(LSN, [LSN], (_env, [lsn]) => (lsn === null ? null : stepLsn(lsn as Buffer, -1))),
  fn_cdc_map_lsn_to_time: (database) =>
    fn(DATETIME, [LSN], (_env, [lsn]) => (lsn === null ? null : timeOf(enabled(database), lsn as Buffer))),
  fn_cdc_map_time_to_lsn: (database) =>
    fn(LSN, [nvarchar(30), DATETIME], (_env, [operator, time]) =>
      operator === null || time === null
        ? null
        : placeAt(enabled(database), String(operator).trim().toLowerCase(), time as number),
    ),
  fn_cdc_get_column_ordinal: (database) =>
    fn(INT, [SYSNAME, SYSNAME], (_env, [name, column]) => ordinalOf(database, name!, column!)),
  fn_cdc_is_bit_set: () =>
    fn(BIT, [INT, varbinary(128)], (_env, [position, mask]) =>
      position === null || mask === null ? null : Number(isBitSet(position as number, mask as Buffer)),
    ),
  fn_cdc_has_column_changed: (database) =>
    fn(BIT, [SYSNAME, SYSNAME, varbinary(128)], (_env, [name, column, mask]) => {
      const ordinal = ordinalOf(database, name!, column!);
      return ordinal === null || mask === null ? null : Number(isBitSet(ordinal, mask as Buffer));
    }),
};

/** The CDC of a database; 208 where it is not enabled, as the functions read its tables. */
function enabled(database: Database): CdcDatabase {
  if (!database.cdc) throw sqlError(208, 'cdc.lsn_time_mapping');
  return database.cdc;
}

function ordinalOf(database: Database, name: SqlValue, column: SqlValue): number | null {
  if (typeof name !== 'string' || typeof column !== 'string') return null;
  const wanted = column.toLowerCase();
  const at = database.cdc?.find(name)?.columns.findIndex((c) => c.name.toLowerCase() === wanted) ?? -1;
  return at < 0 ? null : at + 1;
}

/** End time of exactly that transaction. */
function timeOf(cdc: CdcDatabase, lsn: Buffer): SqlValue {
  let low = 0;
  let high = cdc.times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Buffer.compare(lsnBytes(cdc.times.at(middle)!.startLsn), lsn) < 0) low = middle + 1;
    else high = middle;
  }
  const found = cdc.times.at(low);
  return found && lsnBytes(found.startLsn).equals(lsn) ? asDatetime(found.endMs) : null;
}

/** Number of mappings that ended before a datetime (`orEqual`: not after it). */
function endedBefore(cdc: CdcDatabase, ticks: number, orEqual: boolean): number {
  let low = 0;
  let high = cdc.times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const end = asDatetime(cdc.times.at(middle)!.endMs);
    if (end < ticks || (orEqual && end === ticks)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function placeAt(cdc: CdcDatabase, operator: string, ticks: number): SqlValue {
  const at = (position: number): SqlValue => {
    const mapping = cdc.times.at(position);
    return position >= 0 && mapping ? lsnBytes(mapping.startLsn) : null;
  };
  switch (operator) {
    case 'largest less than':
      return at(endedBefore(cdc, ticks, false) - 1);
    case 'largest less than or equal':
      return at(endedBefore(cdc, ticks, true) - 1);
    case 'smallest greater than':
      return at(endedBefore(cdc, ticks, true));
    case 'smallest greater than or equal':
      return at(endedBefore(cdc, ticks, false));
    default:
      return null;
  }
}

/** Compiles a call of sys.fn_cdc_…; undefined for other functions. */
export function cdcFunction(call: FunctionCall, scope: QueryScope, context: CompileContext): Compiled | undefined {
  const { name } = call;
  if (name.schema?.toLowerCase() !== 'sys') return undefined;
  const make = FUNCTIONS[name.name.toLowerCase()];
  return make?.(context.databaseOf(name))(call, scope, context);
}
