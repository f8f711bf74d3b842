import { sqlErrorNumber } from '#connectors/sqlserver/sqlErrors.ts';
import type { ErrorCode } from '#infra/runtime/errorCodes.ts';
import { type ErrorContext, isAbort, SluiceError } from '#infra/runtime/errors.ts';
import { isRefusalName, REFUSALS } from '../model/refusals.ts';

/** Errors after which the whole transaction is gone and the same call may simply be made again. */
const TRY_AGAIN: ReadonlySet<ErrorCode> = new Set([
  'SQL_DEADLOCK',
  'SQL_LOCK_TIMEOUT',
  'SQL_SNAPSHOT_CONFLICT',
  'SQL_TRANSIENT',
  // The connection broke: the transaction may have committed before. The idempotency key finds out.
  'SQL_UNREACHABLE',
]);

/** What is left when trying again did not help. */
const FINAL: Readonly<Partial<Record<ErrorCode, ErrorCode>>> = {
  SQL_DEADLOCK: 'CMD_OVERLOADED',
  SQL_LOCK_TIMEOUT: 'CMD_OVERLOADED',
  SQL_SNAPSHOT_CONFLICT: 'CMD_OVERLOADED',
  SQL_TRANSIENT: 'CMD_DATABASE_AWAY',
  SQL_UNREACHABLE: 'CMD_DATABASE_AWAY',
  SQL_DATABASE_UNAVAILABLE: 'CMD_DATABASE_AWAY',
  SQL_TIMEOUT: 'CMD_OUTCOME_UNKNOWN',
  SQL_CANCELLED: 'CMD_OUTCOME_UNKNOWN',
};

/** Whether the same call may be made again at once. */
export function mayTryAgain(error: unknown): boolean {
  return error instanceof SluiceError && TRY_AGAIN.has(error.code);
}

/**
 * Whether the call may have reached the database although no answer came back. A connection that could not be opened carried nothing; the
 * driver names such errors ConnectionError and all others RequestError.
 */
export function mayHaveArrived(error: unknown): boolean {
  if (!(error instanceof SluiceError)) return false;
  if (error.code === 'SQL_TIMEOUT' || error.code === 'SQL_CANCELLED') return true;
  return error.code === 'SQL_UNREACHABLE' && !(error.cause instanceof Error && error.cause.name === 'ConnectionError');
}

/** Whether an error of ours says that the database cannot be reached or does not answer. */
export function saysAway(error: unknown): boolean {
  const code = error instanceof SluiceError ? error.code : undefined;
  return code === 'CMD_DATABASE_AWAY' || code === 'CMD_OUTCOME_UNKNOWN' || code === 'CMD_TIMED_OUT';
}

/** An error of the database as one of ours. Aborts and our own pass as they are. */
export function toCommandError(error: unknown, commandName: string): unknown {
  if (isAbort(error) || (error instanceof SluiceError && error.code.startsWith('CMD_'))) return error;
  const number = sqlErrorNumber(error);
  const code = (error instanceof SluiceError ? FINAL[error.code] : undefined) ?? 'CMD_DATABASE_FAULT';
  const reason = error instanceof SluiceError ? error.code : 'unknown error';
  return new SluiceError(code, `${commandName} did not get through: ${reason}.`, {
    cause: error,
    context: { command: commandName, number },
  });
}

/** What a procedure answered instead of a result: `facts` is its JSON text. CMD_DATABASE_FAULT when the reason is not a documented one. */
export function refusalError(
  commandName: string,
  refusal: number,
  facts: string,
  more: { readonly replayed?: boolean; readonly commandId?: string | undefined } = {},
): SluiceError {
  const known = factsOf(facts);
  const { problem } = known;
  if (!isRefusalName(problem) || REFUSALS[problem].number !== refusal) {
    return new SluiceError(
      'CMD_DATABASE_FAULT',
      `${commandName} was refused with ${refusal}, but not with a documented reason.`,
      { context: { command: commandName, number: refusal } },
    );
  }
  return new SluiceError('CMD_REFUSED', `${commandName} was refused: ${problem}.`, {
    context: { ...known, number: refusal, ...more },
  });
}

const MAX_FACT_CHARS = 60;

/** The JSON object that our procedures answer; only numbers and short words of it. */
function factsOf(text: string): ErrorContext {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(
      Object.entries(value).filter(
        ([, fact]) => typeof fact === 'number' || (typeof fact === 'string' && fact.length <= MAX_FACT_CHARS),
      ),
    );
  } catch {
    return {};
  }
}
