import type { ErrorCode } from '#infra/runtime/errorCodes.ts';

const numbers = (code: ErrorCode, ...list: readonly number[]): (readonly [number, ErrorCode])[] =>
  list.map((n) => [n, code]);

/**
 * SQL Server's error numbers that mean something to us. Sources: "Database Engine events and errors" in the SQL Server documentation;
 * the transient ones also from the retry list of Microsoft.Data.SqlClient.
 */
export const SQL_ERROR_CODES: ReadonlyMap<number, ErrorCode> = new Map([
  ...numbers('SQL_LOGIN_FAILED', 18456, 18452, 18470, 18486, 18487, 18488),
  ...numbers('SQL_DATABASE_UNAVAILABLE', 4060, 911, 916, 924, 927, 942, 945),
  ...numbers('SQL_PERMISSION_DENIED', 229, 230, 262, 297, 300, 371),
  ...numbers('SQL_OBJECT_MISSING', 208, 207, 2812),
  ...numbers('SQL_DEADLOCK', 1205),
  ...numbers('SQL_LOCK_TIMEOUT', 1222),
  ...numbers('SQL_SNAPSHOT_CONFLICT', 3960, 3961),
  ...numbers('SQL_SNAPSHOT_NOT_ALLOWED', 3952),
  ...numbers('SQL_UNREACHABLE', 233, 64, 121, 596, 6005, 10053, 10054, 10060),
  ...numbers('SQL_TRANSIENT', 701, 802, 997, 1203, 1204, 3906, 4221, 615, 8645, 8651, 9001, 9002, 1105, 978, 979, 983),
  ...numbers('SQL_TRANSIENT', 10928, 10929, 40143, 40197, 40501, 40540, 40613, 42108, 42109, 49918, 49919, 49920),
]);
