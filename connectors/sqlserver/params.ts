import sql, { type ISqlType } from 'mssql';
import { type Lsn, lsnToBuffer } from './lsn.ts';

/** A typed parameter. Values that must stay exact (decimals, money, long integers) go as text, never as number. */
export interface SqlParam {
  readonly type: (() => ISqlType) | ISqlType;
  readonly value: unknown;
}

export type SqlParams = Readonly<Record<string, SqlParam>>;

export const nvarchar = (value: string | null): SqlParam => ({ type: sql.NVarChar(sql.MAX), value });
/** Text of at most `length` characters; shorter plans than nvarchar(max) and an index can be used. */
export const nvarcharOf = (length: number, value: string | null): SqlParam => ({ type: sql.NVarChar(length), value });
export const varcharOf = (length: number, value: string | null): SqlParam => ({ type: sql.VarChar(length), value });
export const int = (value: number | null): SqlParam => ({ type: sql.Int, value });
export const bit = (value: boolean | null): SqlParam => ({ type: sql.Bit, value });
export const float = (value: number | null): SqlParam => ({ type: sql.Float, value });
export const binary = (value: Buffer | null): SqlParam => ({ type: sql.Binary, value });
export const uniqueidentifier = (value: string | null): SqlParam => ({ type: sql.UniqueIdentifier, value });
export const lsnParam = (value: Lsn): SqlParam => ({ type: sql.Binary, value: lsnToBuffer(value) });

/** A column of a table-valued parameter. */
export interface TableColumn {
  readonly name: string;
  readonly type: (() => ISqlType) | ISqlType;
  readonly nullable?: boolean;
}

/** The column types a table-valued parameter of ours may use; the driver's types stay inside this folder. */
export const columnTypes = {
  smallint: sql.SmallInt,
  int: sql.Int,
  bigint: sql.BigInt,
  bit: sql.Bit,
  varchar: (length: number): ISqlType => sql.VarChar(length),
  nvarchar: (length: number): ISqlType => sql.NVarChar(length),
  binary: (length: number): ISqlType => (sql.Binary as unknown as (length: number) => ISqlType)(length),
  uniqueidentifier: sql.UniqueIdentifier,
} as const;

/**
 * A table-valued parameter of the named table type. The server converts each column to the type's own, so decimals and money go as
 * varchar text: the driver would send them as floats.
 */
export function tableParam(
  typeName: string,
  columns: readonly TableColumn[],
  rows: readonly (readonly (string | number | boolean | Buffer | null)[])[],
): SqlParam {
  const table = new sql.Table(typeName);
  for (const column of columns)
    table.columns.add(column.name, column.type as () => ISqlType, { nullable: column.nullable ?? false });
  for (const row of rows) table.rows.add(...row);
  return { type: sql.TVP(typeName) as unknown as ISqlType, value: table };
}
