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

const FIRST_REFUSAL = 50_400;
const LAST_REFUSAL = 50_499;

/** An error of the database as one of ours: a refusal with its facts, or what kind of trouble it is. Aborts pass as they are. */
export function toCommandError(error: unknown, commandName: string): unknown {
  if (isAbort(error)) return error;
  const number = sqlErrorNumber(error);
  if (number !== undefined && number >= FIRST_REFUSAL && number <= LAST_REFUSAL)
    return refusal(error, number, commandName);
  const code = (error instanceof SluiceError ? FINAL[error.code] : undefined) ?? 'CMD_DATABASE_FAULT';
  return new SluiceError(
    code,
    `${commandName} did not get through: ${error instanceof SluiceError ? error.code : 'unknown error'}.`,
    {
      cause: error,
      context: { command: commandName, number },
    },
  );
}

function refusal(error: unknown, number: number, commandName: string): SluiceError {
  const facts = factsOf(error);
  const { problem } = facts;
  if (!isRefusalName(problem) || REFUSALS[problem].number !== number) {
    return new SluiceError(
      'CMD_DATABASE_FAULT',
      `${commandName} was refused with error ${number}, but not with a documented reason.`,
      {
        cause: error,
        context: { command: commandName, number },
      },
    );
  }
  return new SluiceError('CMD_REFUSED', `${commandName} was refused: ${problem}.`, {
    cause: error,
    context: { ...facts, number },
  });
}

const MAX_FACT_CHARS = 40;

/** The JSON object that our procedures put into the message; only numbers and short words of it. */
function factsOf(error: unknown): ErrorContext {
  const message = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
  try {
    const value: unknown = JSON.parse(message);
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
