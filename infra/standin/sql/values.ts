/**
 * SQL types and their run-time values, exact by construction.
 *
 * | type                              | value                                                                  |
 * |-----------------------------------|------------------------------------------------------------------------|
 * | bit                               | number 0 or 1                                                          |
 * | tinyint, smallint, int            | number                                                                 |
 * | bigint                            | bigint                                                                 |
 * | decimal(p,s)                      | bigint, unscaled (12.30 at scale 2 is 1230n)                           |
 * | money, smallmoney                 | bigint, unscaled at scale 4                                            |
 * | float, real                       | number (real rounded with Math.fround)                                 |
 * | char, nchar                       | string padded with blanks to its length                                |
 * | varchar, nvarchar, text, ntext, xml | string (char/varchar/text hold code page 1252 characters only)       |
 * | binary                            | Buffer padded with zeros to its length                                 |
 * | varbinary, image                  | Buffer                                                                 |
 * | rowversion                        | Buffer of 8 bytes, big-endian                                          |
 * | uniqueidentifier                  | string, 36 characters, upper case                                      |
 * | date                              | number, days since 0001-01-01                                          |
 * | time(s)                           | number, units of 100 ns since midnight (< 8.64e11)                     |
 * | datetime                          | number, ticks of 1/300 s since 1900-01-01T00:00 (may be negative)      |
 * | smalldatetime                     | number, minutes since 1900-01-01T00:00                                 |
 * | datetime2(s)                      | bigint, units of 100 ns since 0001-01-01T00:00                         |
 * | datetimeoffset(s)                 | DateTimeOffset, the instant as datetime2 in UTC plus offset in minutes |
 * | sql_variant                       | SqlVariant, an inner type and its value                                |
 *
 * A value never carries its type (sql_variant apart): the column or expression does. NULL is null for every type.
 */

/** Length of the (max) types, and of text, ntext, image and xml where a length is asked for. */
export const MAX = -1;

/** A SQL type. `n` is a length in characters (char kinds) or bytes (binary kinds), MAX for (max). `s` is a scale, `p` a precision. */
export type SqlType =
  | { readonly k: 'bit' }
  | { readonly k: 'tinyint' }
  | { readonly k: 'smallint' }
  | { readonly k: 'int' }
  | { readonly k: 'bigint' }
  | { readonly k: 'decimal'; readonly p: number; readonly s: number }
  | { readonly k: 'money' }
  | { readonly k: 'smallmoney' }
  | { readonly k: 'float' }
  | { readonly k: 'real' }
  | { readonly k: 'char'; readonly n: number }
  | { readonly k: 'varchar'; readonly n: number }
  | { readonly k: 'nchar'; readonly n: number }
  | { readonly k: 'nvarchar'; readonly n: number }
  | { readonly k: 'text' }
  | { readonly k: 'ntext' }
  | { readonly k: 'image' }
  /** `node`: an element that nodes() found, only for xml methods. */
  | { readonly k: 'xml'; readonly node?: true }
  | { readonly k: 'binary'; readonly n: number }
  | { readonly k: 'varbinary'; readonly n: number }
  | { readonly k: 'rowversion' }
  | { readonly k: 'uniqueidentifier' }
  | { readonly k: 'date' }
  | { readonly k: 'time'; readonly s: number }
  | { readonly k: 'datetime' }
  | { readonly k: 'smalldatetime' }
  | { readonly k: 'datetime2'; readonly s: number }
  | { readonly k: 'datetimeoffset'; readonly s: number }
  | { readonly k: 'sql_variant' };

/** The discriminant of SqlType. */
export type TypeKind = SqlType['k'];

/** A datetimeoffset value: `utc` in units of 100 ns since 0001-01-01T00:00 UTC, `offset` in minutes (-840..840). */
export interface DateTimeOffset {
  readonly utc: bigint;
  readonly offset: number;
}

/** A sql_variant value; the inner value is never NULL (a NULL variant is null). */
export interface SqlVariant {
  readonly variant: SqlType;
  readonly value: SqlValue;
}

/** Any run-time value; which member is meant follows from the SqlType beside it (table at the top of this file). */
export type SqlValue = null | number | bigint | string | Buffer | DateTimeOffset | SqlVariant;

/** True for a datetimeoffset value. */
export function isDateTimeOffset(v: SqlValue): v is DateTimeOffset {
  return typeof v === 'object' && v !== null && 'utc' in v;
}

/** True for a sql_variant value. */
export function isVariant(v: SqlValue): v is SqlVariant {
  return typeof v === 'object' && v !== null && 'variant' in v;
}

/** Types without parameters, and the parameterised ones that are used often. */
export const BIT: SqlType = { k: 'bit' };
export const TINYINT: SqlType = { k: 'tinyint' };
export const SMALLINT: SqlType = { k: 'smallint' };
export const INT: SqlType = { k: 'int' };
export const BIGINT: SqlType = { k: 'bigint' };
export const FLOAT: SqlType = { k: 'float' };
export const MONEY: SqlType = { k: 'money' };
export const DATE: SqlType = { k: 'date' };
export const DATETIME: SqlType = { k: 'datetime' };
export const SMALLDATETIME: SqlType = { k: 'smalldatetime' };
export const GUID: SqlType = { k: 'uniqueidentifier' };
export const VARIANT: SqlType = { k: 'sql_variant' };
/** The type of object names, nvarchar(128). */
export const SYSNAME: SqlType = { k: 'nvarchar', n: 128 };

/** decimal(p,s); numeric is the same type. */
export function decimal(p: number, s: number): SqlType {
  return { k: 'decimal', p, s };
}
/** varchar(n), n in bytes, MAX for (max). */
export function varchar(n: number): SqlType {
  return { k: 'varchar', n };
}
/** nvarchar(n), n in UTF-16 units, MAX for (max). */
export function nvarchar(n: number): SqlType {
  return { k: 'nvarchar', n };
}
/** char(n). */
export function char(n: number): SqlType {
  return { k: 'char', n };
}
/** nchar(n). */
export function nchar(n: number): SqlType {
  return { k: 'nchar', n };
}
/** binary(n). */
export function binary(n: number): SqlType {
  return { k: 'binary', n };
}
/** varbinary(n), MAX for (max). */
export function varbinary(n: number): SqlType {
  return { k: 'varbinary', n };
}
/** datetime2(s). */
export function datetime2(s: number): SqlType {
  return { k: 'datetime2', s };
}
/** time(s). */
export function time(s: number): SqlType {
  return { k: 'time', s };
}
/** datetimeoffset(s). */
export function datetimeoffset(s: number): SqlType {
  return { k: 'datetimeoffset', s };
}

/** Units of 100 ns per day, as number and bigint. */
export const UNITS_PER_DAY = 864_000_000_000;
export const UNITS_PER_DAY_BIG = 864_000_000_000n;
/** Ticks of datetime (1/300 s) per day. */
export const TICKS_PER_DAY = 25_920_000;
/** Days from 0001-01-01 to 1900-01-01, the zero of datetime and smalldatetime. */
export const DAYS_TO_1900 = 693_595;
/** Days from 0001-01-01 to 1970-01-01. */
const DAYS_TO_1970 = 719_162;

/** datetime2 value of an instant given in ms since 1970 UTC (may have a fraction of a ms; exact to 100 ns when |ms| < 2^43). */
export function datetime2FromUnixMs(ms: number): bigint {
  const whole = Math.floor(ms);
  return BigInt(whole) * 10_000n + BigInt(Math.round((ms - whole) * 10_000)) + BigInt(DAYS_TO_1970) * UNITS_PER_DAY_BIG;
}

/** Ms since 1970 UTC of a datetime2 value, truncated to the ms. */
export function unixMsFromDatetime2(v: bigint): number {
  return Number((v - BigInt(DAYS_TO_1970) * UNITS_PER_DAY_BIG) / 10_000n);
}
