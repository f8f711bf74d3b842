import type { ErrorCode } from '#infra/runtime/errorCodes.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { SQL_ERROR_CODES } from './errorNumbers.ts';

/** The parts of the driver's errors we decide on. */
interface DriverError extends Error {
  readonly code?: string;
  readonly number?: number;
  readonly originalError?: unknown;
}

/** The driver's own codes. Source: the documentation of mssql, "Errors". */
const DRIVER_CODES: Readonly<Record<string, ErrorCode>> = {
  ETIMEOUT: 'SQL_TIMEOUT',
  ECANCEL: 'SQL_CANCELLED',
  ESOCKET: 'SQL_UNREACHABLE',
  ECONNCLOSED: 'SQL_UNREACHABLE',
  EINSTLOOKUP: 'SQL_UNREACHABLE',
  ENOCONN: 'SQL_UNREACHABLE',
  ENOTOPEN: 'SQL_UNREACHABLE',
  ECONNRESET: 'SQL_UNREACHABLE',
  EPIPE: 'SQL_UNREACHABLE',
  ELOGIN: 'SQL_LOGIN_FAILED',
};

const CERTIFICATE =
  /self[- ]signed certificate|unable to verify|certificate has expired|altnames|unable to get (local )?issuer/i;

/** SQL Server's error number in an error of the driver or of ours; undefined when there is none. */
export function sqlErrorNumber(error: unknown): number | undefined {
  for (let e: unknown = error; e instanceof Error; e = e.cause ?? (e as DriverError).originalError) {
    if (e instanceof SluiceError && typeof e.context['sqlErrorNumber'] === 'number') return e.context['sqlErrorNumber'];
    if (typeof (e as DriverError).number === 'number') return (e as DriverError).number;
  }
  return undefined;
}

/**
 * Turns an error of the driver into ours, once. `where` names server and database; it must hold no secret. The server's number is kept in
 * `context.sqlErrorNumber`.
 */
export function toSqlError(error: unknown, where: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const driver = (error instanceof Error ? error : new Error(String(error))) as DriverError;
  const number = sqlErrorNumber(error);
  const said = driver.message;
  const code = codeOf(driver, number, said);
  const context = { where, ...(number !== undefined && { sqlErrorNumber: number }) };
  const numbered = number === undefined ? '' : ` (error ${number})`;
  return new SluiceError(code, `${where}: ${said}${numbered}`, { cause: error, context });
}

/**
 * The error of a connection that was not made. The driver keeps only the server's last word, which is always "login failed"; `refusals` are
 * all its errors in the order they came, the reason first.
 */
export function toLoginError(
  error: unknown,
  where: string,
  refusals: readonly { readonly number: number; readonly message: string }[],
): SluiceError {
  const reason = refusals.find(({ number }) => SQL_ERROR_CODES.has(number)) ?? refusals[0];
  if (!reason) return toSqlError(error, where);
  const { number, message } = reason;
  return new SluiceError(SQL_ERROR_CODES.get(number) ?? 'SQL_LOGIN_FAILED', `${where}: ${message} (error ${number})`, {
    cause: error,
    context: { where, sqlErrorNumber: number },
  });
}

function codeOf(driver: DriverError, number: number | undefined, said: string): ErrorCode {
  if (CERTIFICATE.test(said)) return 'SQL_CERTIFICATE_UNTRUSTED';
  const byNumber = number === undefined ? undefined : SQL_ERROR_CODES.get(number);
  if (byNumber) return byNumber;
  // The driver reports a refused connection as ETIMEOUT too; only a running request has an unknown outcome.
  if (driver.name === 'ConnectionError' && driver.code === 'ETIMEOUT') return 'SQL_UNREACHABLE';
  const byDriver = DRIVER_CODES[driver.code ?? ''];
  if (byDriver) return byDriver;
  return driver.name === 'ConnectionError' ? 'SQL_UNREACHABLE' : 'SQL_REQUEST_FAILED';
}
