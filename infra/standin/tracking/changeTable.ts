import type { TableObject } from '../engine/model/tableObject.ts';
import { coerced } from '../engine/query/coerce.ts';
import type { UnboundSource } from '../engine/query/from.ts';
import { findObject, writtenName } from '../engine/query/namedSource.ts';
import type { QueryScope } from '../engine/query/scope.ts';
import { rowsAccess, type SourceAccess, shapeColumns } from '../engine/query/source.ts';
import type { ChangeTable } from '../sql/astSources.ts';
import { sqlError } from '../sql/errors.ts';
import { compileExpr } from '../sql/expr.ts';
import { BIGINT, type SqlType, varbinary } from '../sql/values.ts';
import type { RowData } from '../store/row.ts';
import { columnMask, trackingSnapshot } from './trackingFunctions.ts';

const CONTEXT = varbinary(128);

/** CHANGETABLE(CHANGES …) and CHANGETABLE(VERSION …). 208 for no table, 22105 for one that is not tracked. */
export function changeTableSource(source: ChangeTable, scope: QueryScope): UnboundSource {
  const { object, database } = findObject(source.table, scope.context, source.line);
  if (object.kind !== 'table') throw sqlError(208, writtenName(source.table)).at(source.line);
  const { tracking } = object.data;
  const key = object.primaryKey;
  if (!tracking || !key) throw sqlError(22105, writtenName(source.table)).at(source.line);
  const keys = key.columns.map((at) => object.columns[at]!);
  scope.context.accesses.push({ permission: 'VIEW CHANGE TRACKING', database, object, columns: null });
  scope.context.accesses.push({
    permission: 'SELECT',
    database,
    object,
    columns: new Set(keys.map(({ name }) => name.toLowerCase())),
  });
  const shape = source.since ? changesShape(source, object, scope) : versionShape(source, object, scope);
  const columns = shapeColumns([
    ...shape.columns,
    ...keys.map(({ name, type, collation }) => ({ name, type, collation })),
  ]);
  if (source.names && source.names.length !== columns.length)
    throw sqlError(source.names.length < columns.length ? 8158 : 8159, source.alias).at(source.line);
  const named = source.names ? columns.map((column, i) => ({ ...column, name: source.names![i]! })) : columns;
  return { exposed: source.alias.toLowerCase(), schema: null, columns: named, access: shape.access };
}

interface Shape {
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[];
  readonly access: SourceAccess;
}

function big(version: number | null): bigint | null {
  return version === null ? null : BigInt(version);
}

function changesShape(source: ChangeTable, table: TableObject, scope: QueryScope): Shape {
  const since = coerced(compileExpr(source.since!, scope), BIGINT);
  return {
    columns: [
      { name: 'SYS_CHANGE_VERSION', type: BIGINT },
      { name: 'SYS_CHANGE_CREATION_VERSION', type: BIGINT },
      { name: 'SYS_CHANGE_OPERATION', type: { k: 'nchar', n: 1 } },
      { name: 'SYS_CHANGE_COLUMNS', type: varbinary(4100) },
      { name: 'SYS_CHANGE_CONTEXT', type: CONTEXT },
    ],
    access: rowsAccess((f) => {
      const from = since.eval(f);
      const changes =
        table.data.tracking?.changesSince(from === null ? 0 : Number(from), trackingSnapshot(f.env)) ?? [];
      return changes.map(
        (change): RowData => [
          big(change.version),
          big(change.creationVersion),
          change.op,
          columnMask(change.columns),
          change.context,
          ...change.keyValues,
        ],
      );
    }),
  };
}

function versionShape(source: ChangeTable, table: TableObject, scope: QueryScope): Shape {
  const key = table.primaryKey!;
  const places = source.keys!.map((name) => table.columnAt(name));
  if (places.length !== key.columns.length || key.columns.some((at) => !places.includes(at)))
    throw sqlError(22104).at(source.line);
  const values = source.values!.map((value, i) => coerced(compileExpr(value, scope), table.columns[places[i]!]!.type));
  return {
    columns: [
      { name: 'SYS_CHANGE_VERSION', type: BIGINT },
      { name: 'SYS_CHANGE_CONTEXT', type: CONTEXT },
    ],
    access: rowsAccess((f) => {
      const data: RowData = [];
      places.forEach((at, i) => {
        data[at] = values[i]!.eval(f);
      });
      const change = table.data.tracking?.lastChange(key.keyOf(data), trackingSnapshot(f.env));
      return [[big(change?.version ?? null), change?.context ?? null, ...key.columns.map((at) => data[at] ?? null)]];
    }, 1),
  };
}
