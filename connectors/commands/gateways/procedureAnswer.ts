import { SQL_ERROR_CODES } from '#connectors/sqlserver/errorNumbers.ts';
import { sqlErrorNumber } from '#connectors/sqlserver/sqlErrors.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

type Row = Readonly<Record<string, unknown>>;

/** The one row a write's procedure answers: what took effect, or why nothing did. */
export interface WriteAnswer {
  /** Id of the command that took effect or was refused; undefined when the key was refused. */
  readonly commandId: string | undefined;
  /** JSON text: the result, or the facts of the refusal. */
  readonly result: string;
  readonly replayed: boolean;
  /** Number of the refusal; undefined when the command took effect. */
  readonly refusal: number | undefined;
}

/** The one row a read's procedure answers. */
export type ReadAnswer = Pick<WriteAnswer, 'result' | 'refusal'>;

/** @throws CMD_DATABASE_FAULT when the procedure is another one than infra/sql's. */
export function writeAnswer(row: Row | undefined, procedure: string): WriteAnswer {
  const { CommandId, Result, Replayed, Refusal } = row ?? {};
  const isRow =
    (typeof CommandId === 'string' || CommandId === null) &&
    typeof Result === 'string' &&
    typeof Replayed === 'boolean' &&
    isRefusalColumn(Refusal);
  if (!isRow) throw strange(procedure, 'CommandId, Result, Replayed and Refusal');
  return { commandId: CommandId?.toLowerCase(), result: Result, replayed: Replayed, refusal: Refusal ?? undefined };
}

/** @throws CMD_DATABASE_FAULT as above. */
export function readAnswer(row: Row | undefined, procedure: string): ReadAnswer {
  const { Result, Refusal } = row ?? {};
  if (typeof Result !== 'string' || !isRefusalColumn(Refusal)) throw strange(procedure, 'Result and Refusal');
  return { result: Result, refusal: Refusal ?? undefined };
}

const isRefusalColumn = (value: unknown): value is number | null => typeof value === 'number' || value === null;

function strange(procedure: string, expected: string): SluiceError {
  return new SluiceError('CMD_DATABASE_FAULT', `${procedure} should answer one row of ${expected}, but did not.`, {
    hint: 'Run the scripts of infra/sql again: the procedure in the database is another one.',
  });
}

/** What RAISERROR gives without an entry in sys.messages. */
const RAISED = 50_000;
/** What our procedures raise after they caught an error and rolled back: its number and line, never a value of a row. */
const CAUGHT = /\{"error":(\d{1,10}),"line":(\d{1,10})\}/;

/**
 * An error that a procedure of ours caught, as the error it was: a deadlock victim is SQL_DEADLOCK again. Whatever else is returned as it
 * came.
 */
export function caughtError(error: unknown): unknown {
  if (!(error instanceof SluiceError) || sqlErrorNumber(error) !== RAISED) return error;
  const [, number, line] = CAUGHT.exec(error.message) ?? [];
  if (number === undefined) return error;
  const code = SQL_ERROR_CODES.get(Number(number)) ?? 'SQL_REQUEST_FAILED';
  return new SluiceError(code, `A procedure was rolled back by error ${number} in line ${line}.`, {
    cause: error,
    context: { sqlErrorNumber: Number(number) },
  });
}
