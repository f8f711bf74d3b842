import type { SqlType } from '../sql/values.ts';

/** Facts about a system type as sys.types lists them. */
export interface TypeFacts {
  readonly name: string;
  readonly systemTypeId: number;
  readonly userTypeId: number;
  readonly maxLength: number;
  readonly precision: number;
  readonly scale: number;
}

/** Name, system_type_id, max_length, precision, scale of each system type at its largest. */
const SYSTEM_TYPES: readonly (readonly [string, number, number, number, number])[] = [
  ['image', 34, 16, 0, 0],
  ['text', 35, 16, 0, 0],
  ['uniqueidentifier', 36, 16, 0, 0],
  ['date', 40, 3, 10, 0],
  ['time', 41, 5, 16, 7],
  ['datetime2', 42, 8, 27, 7],
  ['datetimeoffset', 43, 10, 34, 7],
  ['tinyint', 48, 1, 3, 0],
  ['smallint', 52, 2, 5, 0],
  ['int', 56, 4, 10, 0],
  ['smalldatetime', 58, 4, 16, 0],
  ['real', 59, 4, 24, 0],
  ['money', 60, 8, 19, 4],
  ['datetime', 61, 8, 23, 3],
  ['float', 62, 8, 53, 0],
  ['sql_variant', 98, 8016, 0, 0],
  ['ntext', 99, 16, 0, 0],
  ['bit', 104, 1, 1, 0],
  ['decimal', 106, 17, 38, 38],
  ['numeric', 108, 17, 38, 38],
  ['smallmoney', 122, 4, 10, 4],
  ['bigint', 127, 8, 19, 0],
  ['varbinary', 165, 8000, 0, 0],
  ['varchar', 167, 8000, 0, 0],
  ['binary', 173, 8000, 0, 0],
  ['char', 175, 8000, 0, 0],
  ['timestamp', 189, 8, 0, 0],
  ['nvarchar', 231, 8000, 0, 0],
  ['nchar', 239, 8000, 0, 0],
  ['xml', 241, -1, 0, 0],
];

/** sysname is nvarchar(128) under a name of its own. */
const SYSNAME_FACTS: TypeFacts = {
  name: 'sysname',
  systemTypeId: 231,
  userTypeId: 256,
  maxLength: 256,
  precision: 0,
  scale: 0,
};

/** All system types, sysname too. */
export const SYSTEM_TYPE_FACTS: readonly TypeFacts[] = [
  ...SYSTEM_TYPES.map(([name, id, maxLength, precision, scale]) => ({
    name,
    systemTypeId: id,
    userTypeId: id,
    maxLength,
    precision,
    scale,
  })),
  SYSNAME_FACTS,
];

const BY_NAME = new Map(SYSTEM_TYPE_FACTS.map((facts) => [facts.name, facts]));

/** A system type by its name; rowversion is called timestamp. */
export function systemTypeNamed(name: string): TypeFacts | undefined {
  const wanted = name.toLowerCase();
  return BY_NAME.get(wanted === 'rowversion' ? 'timestamp' : wanted);
}

/** The facts of a column's type. `declaredAs` tells numeric from decimal and sysname from nvarchar(128). */
export function factsOf(type: SqlType, declaredAs = ''): TypeFacts {
  const name =
    type.k === 'decimal' && declaredAs === 'numeric' ? 'numeric' : declaredAs === 'sysname' ? 'sysname' : type.k;
  const facts = systemTypeNamed(name)!;
  switch (type.k) {
    case 'decimal':
      return { ...facts, maxLength: decimalLength(type.p), precision: type.p, scale: type.s };
    case 'time':
      return { ...facts, maxLength: timeLength(type.s), precision: type.s === 0 ? 8 : 9 + type.s, scale: type.s };
    case 'datetime2':
      return { ...facts, maxLength: timeLength(type.s) + 3, precision: type.s === 0 ? 19 : 20 + type.s, scale: type.s };
    case 'datetimeoffset':
      return { ...facts, maxLength: timeLength(type.s) + 5, precision: type.s === 0 ? 26 : 27 + type.s, scale: type.s };
    case 'char':
    case 'varchar':
    case 'binary':
    case 'varbinary':
      return { ...facts, maxLength: type.n };
    case 'nchar':
    case 'nvarchar':
      return { ...facts, maxLength: type.n < 0 ? -1 : type.n * 2 };
    default:
      return facts;
  }
}

function decimalLength(precision: number): number {
  return precision <= 9 ? 5 : precision <= 19 ? 9 : precision <= 28 ? 13 : 17;
}

function timeLength(scale: number): number {
  return scale <= 2 ? 3 : scale <= 4 ? 4 : 5;
}

/** True for the types that have a collation. */
export function isText(type: SqlType): boolean {
  return ['char', 'varchar', 'text', 'nchar', 'nvarchar', 'ntext'].includes(type.k);
}
