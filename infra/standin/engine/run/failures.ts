import type { SqlError } from '../../sql/errors.ts';
import type { Execution } from './execution.ts';

/** The batch has ended early; its error has been reported already. */
export class BatchAborted extends Error {
  constructor() {
    super('the batch was aborted');
  }
}

/** The module or batch of `execution` has ended early, its error reported; its caller goes on. */
export class ScopeAborted extends Error {
  readonly execution: Execution;

  constructor(execution: Execution) {
    super('the module was aborted');
    this.execution = execution;
  }
}

/** The client has cancelled the request, or is gone. */
export class Cancelled extends Error {
  /** XACT_ABORT was on in a module it passed through: that one's setting counts, not the one that is back when the request has ended. */
  rollsBack = false;

  constructor() {
    super('the request was cancelled');
  }
}

/** How an error came about, beside its number. */
export interface ErrorOrigin {
  /** The scope whose compilation failed: a TRY in that same scope does not catch it. */
  compiledIn?: Execution;
  /** Raised by THROW: ends the batch whatever XACT_ABORT says. */
  thrown?: boolean;
  /** Raised by RAISERROR: the next statement follows, XACT_ABORT or not. */
  raised?: boolean;
  /** The statement changes data: "The statement has been terminated." follows its error. */
  terminates?: boolean;
  /** Errors of the same statement that the client is told first; CATCH sees only the last. */
  earlier?: readonly SqlError[];
}

const origins = new WeakMap<SqlError, ErrorOrigin>();

export function originOf(error: SqlError): ErrorOrigin {
  let origin = origins.get(error);
  if (!origin) {
    origin = {};
    origins.set(error, origin);
  }
  return origin;
}

/** Has the client told of other errors before this one, as DDL does ("See previous errors."). Returns `last`. */
export function precededBy(last: SqlError, earlier: readonly SqlError[]): SqlError {
  originOf(last).earlier = earlier;
  return last;
}

/**
 * Errors that end the batch and roll the transaction back outside TRY, and doom it inside, whatever XACT_ABORT says: failed conversions,
 * deadlock, snapshot conflicts, errors in triggers (list after Sommarskog's "Error and Transaction Handling in SQL Server").
 */
const BATCH_ABORTING: ReadonlySet<number> = new Set([
  217, 235, 241, 242, 244, 245, 248, 293, 295, 1205, 3609, 3616, 3930, 3951, 3952, 3960, 3961, 3998, 8114, 8169, 9420,
]);

export function abortsBatch(error: SqlError): boolean {
  return BATCH_ABORTING.has(error.number);
}
