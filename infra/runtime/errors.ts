import { ERROR_CODES, type ErrorCode } from './errorCodes.ts';

/** Facts of an error: ids, positions, counts. Never rows, secrets or personal data. */
export type ErrorContext = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface SluiceErrorOptions {
  /** What to do about it; the code's remedy when left out. */
  readonly hint?: string;
  readonly context?: ErrorContext;
  readonly cause?: unknown;
  /** Overrides the code's own rule. */
  readonly retriable?: boolean;
}

/**
 * The one error class. `code` is what programs decide on; `message` states what, where, expected and found; `hint` says what to do.
 * Foreign errors (TDS numbers, Kafka codes, Elasticsearch statuses) become this once, at the adapter that owns the library.
 */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retriable: boolean;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, message: string, options: SluiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? ERROR_CODES[code].remedy;
    this.retriable = options.retriable ?? ERROR_CODES[code].retriable;
    this.context = options.context ?? {};
  }
}

/** True for an error of ours with this code, however deep in the cause chain. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  for (let e = error; e instanceof Error; e = e.cause) if (e instanceof SluiceError && e.code === code) return true;
  return false;
}

/** Whether the error says that trying again may help. Unknown errors are not retriable: they halt loudly. */
export function isRetriable(error: unknown): boolean {
  return error instanceof SluiceError && error.retriable;
}

/** True when the error only says that an AbortSignal fired. */
export function isAbort(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'AbortError' || (error instanceof SluiceError && error.code === 'ABORTED'))
  );
}

/** One or two lines for a person: message, then the hint. No stack, no cause text. */
export function describeError(error: unknown): string {
  if (error instanceof SluiceError) return `${error.code}: ${error.message}\n  → ${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}

/** Fields for a log line: code and context of ours, class and message of others, and the causes' messages. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  if (error instanceof SluiceError) return { errorCode: error.code, error: error.message, ...error.context, cause };
  return { errorClass: error.name, error: error.message, stack: error.stack, cause };
}
