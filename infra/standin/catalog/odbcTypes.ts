import type { SqlType } from '../sql/values.ts';

/** What ODBC's SQLColumns says of a type, as sp_columns does. */
export interface OdbcFacts {
  readonly dataType: number;
  readonly precision: number;
  readonly length: number;
  readonly scale: number | null;
  readonly radix: number | null;
  /** SQL_DATETIME_SUB, for the date and time types. */
  readonly datetimeSub: number | null;
  /** Type number of TDS, which sp_columns shows as SS_DATA_TYPE. */
  readonly ssDataType: number;
}

const LOB = 2_147_483_647;

/** DATA_TYPE, PRECISION, LENGTH, SCALE, RADIX, SS_DATA_TYPE of types without parameters (ODBC 3; sp_columns' own documentation). */
const FIXED: Partial<Record<SqlType['k'], readonly [number, number, number, number | null, number | null, number]>> = {
  bit: [-7, 1, 1, null, null, 50],
  tinyint: [-6, 3, 1, 0, 10, 38],
  smallint: [5, 5, 2, 0, 10, 38],
  int: [4, 10, 4, 0, 10, 38],
  bigint: [-5, 19, 8, 0, 10, 108],
  money: [3, 19, 21, 4, 10, 110],
  smallmoney: [3, 10, 12, 4, 10, 110],
  float: [6, 15, 8, null, 10, 109],
  real: [7, 7, 4, null, 10, 109],
  text: [-1, LOB, LOB, null, null, 35],
  ntext: [-10, 1_073_741_823, 2_147_483_646, null, null, 35],
  image: [-4, LOB, LOB, null, null, 37],
  xml: [-152, 0, 0, null, null, 0],
  rowversion: [-2, 8, 8, null, null, 45],
  uniqueidentifier: [-11, 36, 16, null, null, 37],
  sql_variant: [-150, 8000, 8000, null, null, 39],
  date: [91, 10, 6, 0, null, 40],
  datetime: [93, 23, 16, 3, null, 111],
  smalldatetime: [93, 16, 16, 0, null, 111],
};

const DATETIME_SUB: Partial<Record<SqlType['k'], number>> = {
  date: 1,
  time: 0,
  datetime: 3,
  smalldatetime: 3,
  datetime2: 0,
  datetimeoffset: 0,
};

export function odbcFacts(type: SqlType, numeric = false): OdbcFacts {
  const [dataType, precision, length, scale, radix, ssDataType] = FIXED[type.k] ?? parameterised(type, numeric);
  return { dataType, precision, length, scale, radix, ssDataType, datetimeSub: DATETIME_SUB[type.k] ?? null };
}

type Facts = readonly [number, number, number, number | null, number | null, number];

function parameterised(type: SqlType, numeric: boolean): Facts {
  switch (type.k) {
    case 'decimal':
      return [numeric ? 2 : 3, type.p, type.p + 2, type.s, 10, numeric ? 108 : 106];
    case 'char':
      return [1, type.n, type.n, null, null, 39];
    case 'varchar':
      return type.n < 0 ? [12, 0, 0, null, null, 39] : [12, type.n, type.n, null, null, 39];
    case 'nchar':
      return [-8, type.n, type.n * 2, null, null, 39];
    case 'nvarchar':
      return type.n < 0 ? [-9, 0, 0, null, null, 39] : [-9, type.n, type.n * 2, null, null, 39];
    case 'binary':
      return [-2, type.n, type.n, null, null, 37];
    case 'varbinary':
      return type.n < 0 ? [-3, 0, 0, null, null, 37] : [-3, type.n, type.n, null, null, 37];
    case 'time':
      return [-154, type.s === 0 ? 8 : 9 + type.s, 12, type.s, null, 41];
    case 'datetime2':
      return [93, type.s === 0 ? 19 : 20 + type.s, 16, type.s, null, 42];
    case 'datetimeoffset':
      return [-155, type.s === 0 ? 26 : 27 + type.s, 20, type.s, null, 43];
    default:
      return [0, 0, 0, null, null, 0];
  }
}

/** ODBC 2 knows none of the newer date and time types: they are text there, and datetime has its old number. */
export function odbc2Type(type: SqlType, dataType: number): number {
  switch (type.k) {
    case 'date':
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      return -9;
    case 'datetime':
    case 'smalldatetime':
      return 11;
    default:
      return dataType;
  }
}
