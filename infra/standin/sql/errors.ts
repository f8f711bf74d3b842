import { ERROR_TEXTS } from './errorTexts.ts';

/** Where an error was raised: the line within the batch or module (1-based), and the module's name. */
export interface ErrorPlace {
  line?: number | undefined;
  procedure?: string | undefined;
}

/**
 * An error as SQL Server reports it. `severity` <= 10 is a message, 11-16 the caller's fault, >= 20 ends the connection.
 * `line` is 0 until the statement that failed stamps it; `procedure` is '' outside modules.
 */
export class SqlError extends Error {
  readonly number: number;
  readonly severity: number;
  readonly state: number;
  line: number;
  procedure: string;

  constructor(number: number, message: string, severity = 16, state = 1, place: ErrorPlace = {}) {
    super(message);
    this.name = 'SqlError';
    this.number = number;
    this.severity = severity;
    this.state = state;
    this.line = place.line ?? 0;
    this.procedure = place.procedure ?? '';
  }

  /** Sets the place unless an inner statement has set it already; returns this. */
  at(line: number, procedure = ''): this {
    if (this.line === 0) {
      this.line = line;
      this.procedure = procedure;
    }
    return this;
  }
}

/** The error of that number, its text from the table with each `{}` replaced by the next argument. */
export function sqlError(number: number, ...args: readonly (string | number | bigint)[]): SqlError {
  const known = ERROR_TEXTS[number];
  if (!known)
    return new SqlError(
      number,
      `Error ${number}, severity 16, state 1 was raised, but no message with that number is known here.`,
    );
  let i = 0;
  const text = known.text.replace(/\{\}/g, () => String(args[i++] ?? ''));
  return new SqlError(number, text, known.severity ?? 16, known.state ?? 1);
}

/** Number of the error that says a construct of T-SQL is known but not built; see DEVIATIONS. */
const UNSUPPORTED = 40_517;

/** "<construct> is not supported by this stand-in." Severity 15, as a compile error. */
export function unsupported(construct: string, line = 0): SqlError {
  return new SqlError(UNSUPPORTED, `${construct} is not supported by this stand-in.`, 15, 1, { line });
}
