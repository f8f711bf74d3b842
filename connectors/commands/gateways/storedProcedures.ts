import type { Database, ProcedureResult } from '#connectors/sqlserver/connection.ts';
import { type SqlParams, varcharOf } from '#connectors/sqlserver/params.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import { CircuitBreaker } from './breaker.ts';
import { mayHaveArrived, mayTryAgain, refusalError, saysAway, toCommandError } from './commandErrors.ts';
import { Gate, type GateOptions } from './gate.ts';
import { askFor, knownOutcome } from './knownOutcome.ts';
import {
  MAX_GROUP,
  ORDER_BATCH_COMMAND,
  ORDER_BATCH_PROCEDURE,
  orderBatchAnswers,
  orderBatchParameters,
} from './orderBatch.ts';
import type { BatchOutcome, CommandCall, CommandGateway, CommandOutcome, GatewayLoad, ReadCall } from './procedure.ts';
import { caughtError, readAnswer, type WriteAnswer, writeAnswer } from './procedureAnswer.ts';
import { RetryBudget } from './retryBudget.ts';
import { ownParameters, type SqlDialect, writeParameters } from './sqlParameters.ts';

export interface StoredProcedureOptions {
  /** Only what runs procedures is asked for: this side has no way to express a query. */
  readonly database: Pick<Database, 'execute'>;
  readonly dialect?: SqlDialect;
  readonly gate: GateOptions;
  readonly maxAttempts: number;
  /** Milliseconds all tries of one command may take together. */
  readonly budgetMs: number;
  /** When the database is taken for away. Default: five calls in a row; 1 to 30 seconds. */
  readonly breaker?: { readonly failures: number; readonly openMs: number; readonly maxOpenMs: number };
  readonly log: Logger;
  readonly clock?: Clock;
}

/** First pause's bound before a deadlock victim tries again: long enough for the winner to commit. */
const RETRY_BASE_MS = 20;
const RETRY_MAX_MS = 500;
const DEFAULT_BREAKER = { failures: 5, openMs: 1000, maxOpenMs: 30_000 };

/** Runs commands as stored procedures: a bounded number at once, with a breaker, bounded repetitions, and no guess about an outcome. */
export class StoredProcedureGateway implements CommandGateway {
  readonly #options: StoredProcedureOptions;
  readonly #dialect: SqlDialect;
  readonly #gate: Gate;
  readonly #breaker: CircuitBreaker;
  readonly #budget = new RetryBudget();
  readonly #clock: Clock;

  constructor(options: StoredProcedureOptions) {
    this.#options = options;
    this.#dialect = options.dialect ?? 'sqlserver2008';
    this.#gate = new Gate(options.gate);
    this.#clock = options.clock ?? systemClock;
    this.#breaker = new CircuitBreaker({
      ...(options.breaker ?? DEFAULT_BREAKER),
      clock: this.#clock,
      onChange: (state) => options.log.warn({ event: 'command_breaker_changed', state }),
    });
  }

  readonly load = (): GatewayLoad => ({ ...this.#gate.load, breaker: this.#breaker.state });

  execute(call: CommandCall, signal?: AbortSignal): Promise<CommandOutcome> {
    return this.#guarded(signal, async () => {
      const parameters = writeParameters(call, this.#dialect);
      try {
        const { recordsets } = await this.#call(call, parameters);
        return outcomeOf(call, writeAnswer(recordsets[0]?.[0], call.procedure));
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        return outcomeOf(call, await knownOutcome(this.#options.database, call, error.cause));
      }
    });
  }

  read(call: ReadCall, signal?: AbortSignal): Promise<string> {
    return this.#guarded(signal, async () => {
      const parameters = {
        Caller: varcharOf(64, call.caller),
        RequestId: varcharOf(64, call.requestId),
        ...ownParameters(call.parameters, this.#dialect),
      };
      const { recordsets } = await this.#call(call, parameters).catch((error: unknown) => {
        // A read left nothing behind: there is nothing to find out, and the caller may ask again.
        throw error instanceof Unanswered ? lateRead(call, error.cause) : error;
      });
      const answer = readAnswer(recordsets[0]?.[0], call.procedure);
      if (answer.refusal !== undefined) throw refusalError(call.commandName, answer.refusal, answer.result);
      return answer.result;
    });
  }

  groupSize(commandName: string): number {
    return commandName === ORDER_BATCH_COMMAND && this.#dialect === 'sqlserver2008' ? MAX_GROUP : 1;
  }

  /** A command whose turn in the group ended in trouble, or was not reached, is run again by itself: its key tells whether it was done. */
  async executeGroup(calls: readonly CommandCall[], signal?: AbortSignal): Promise<readonly BatchOutcome[]> {
    const answers = calls.length > 1 ? await this.#tryGroup(calls, signal) : new Map<number, WriteAnswer>();
    const outcomes: BatchOutcome[] = [];
    for (const [i, call] of calls.entries()) {
      const answer = answers.get(i);
      outcomes.push(
        answer === undefined
          ? await settled(this.execute(call, signal))
          : await settled(async () => outcomeOf(call, answer)),
      );
    }
    return outcomes;
  }

  async #tryGroup(calls: readonly CommandCall[], signal?: AbortSignal): Promise<ReadonlyMap<number, WriteAnswer>> {
    try {
      return await this.#guarded(signal, async () => {
        try {
          const result = await this.#options.database.execute(ORDER_BATCH_PROCEDURE, orderBatchParameters(calls));
          return orderBatchAnswers(result.recordsets, ORDER_BATCH_PROCEDURE);
        } catch (error) {
          throw mayHaveArrived(error) ? new Unanswered(error) : toCommandError(error, ORDER_BATCH_COMMAND);
        }
      });
    } catch (error) {
      if (!(error instanceof Unanswered) && (saysAway(error) || hasCode(error, 'CMD_OVERLOADED') || signal?.aborted))
        throw error;
      const code = error instanceof SluiceError ? error.code : 'CMD_OUTCOME_UNKNOWN';
      this.#options.log.warn({ event: 'command_group_broken', commands: calls.length, errorCode: code });
      return new Map();
    }
  }

  async isKnown(caller: string, idempotencyKey: string): Promise<boolean> {
    try {
      const row = await askFor(this.#options.database, { caller, idempotencyKey });
      return row?.['State'] !== 'unknown';
    } catch (error) {
      throw new SluiceError('CMD_DATABASE_AWAY', 'The database did not tell what became of a command.', {
        cause: error,
      });
    }
  }

  /** A procedure that does not exist answers as well as one that does: what counts is that the server answered. */
  async ping(): Promise<void> {
    try {
      await this.#options.database.execute('storefront.__ping', {});
    } catch (error) {
      const code = error instanceof SluiceError ? error.code : undefined;
      if (code === 'SQL_OBJECT_MISSING' || code === 'SQL_PERMISSION_DENIED') return;
      throw new SluiceError('CMD_DATABASE_AWAY', 'The database did not answer.', { cause: error });
    }
  }

  /** Waits for a turn while the circuit is closed. The signal ends only the waiting: what has reached the database is finished. */
  #guarded<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    return this.#gate.run(
      () => this.#breaker.run(work, (error) => error instanceof Unanswered || saysAway(error)),
      signal,
    );
  }

  /** One call with its repetitions. @throws Unanswered when it reached the database and no answer came; else an error of ours. */
  async #call(call: ReadCall, parameters: SqlParams): Promise<ProcedureResult> {
    const { database, maxAttempts, budgetMs } = this.#options;
    const deadlineMs = this.#clock.now() + budgetMs;
    let unanswered: unknown;
    this.#budget.earn();
    const once = async (): Promise<ProcedureResult> => {
      try {
        return await database.execute(call.procedure, parameters);
      } catch (error) {
        const caught = caughtError(error);
        if (mayHaveArrived(caught)) unanswered = caught;
        throw caught;
      }
    };
    try {
      // Every try carries the same key and command id, so a try that did commit unseen is found and replayed by the next.
      return await retry(once, {
        attempts: maxAttempts,
        baseMs: RETRY_BASE_MS,
        maxMs: RETRY_MAX_MS,
        clock: this.#clock,
        retryIf: (error) => mayTryAgain(error) && this.#clock.now() < deadlineMs && this.#budget.spend(),
        onRetry: (error, attempt, pauseMs) => this.#logRetry(call, error, attempt, pauseMs),
      });
    } catch (error) {
      // An earlier try may be at work although the last one did not even connect.
      if (unanswered !== undefined) throw new Unanswered(unanswered);
      throw toCommandError(error, call.commandName);
    }
  }

  #logRetry(call: ReadCall, error: unknown, attempt: number, pauseMs: number): void {
    const errorCode = error instanceof SluiceError ? error.code : 'unknown';
    const { commandName: command, requestId } = call;
    this.#options.log.warn({ event: 'command_tried_again', command, requestId, errorCode, attempt, pauseMs });
  }
}

/** A call that may have reached the database and was not answered; `cause` is why. */
class Unanswered extends Error {
  constructor(cause: unknown) {
    super('no answer came', { cause });
  }
}

function lateRead(call: ReadCall, cause: unknown): SluiceError {
  return new SluiceError('CMD_TIMED_OUT', `${call.commandName} was not answered in time.`, { cause });
}

/** @throws CMD_REFUSED when the answer is a refusal. */
function outcomeOf(call: CommandCall, answer: WriteAnswer): CommandOutcome {
  const { commandId, result, replayed, refusal } = answer;
  if (refusal !== undefined) throw refusalError(call.commandName, refusal, result, { replayed, commandId });
  if (commandId === undefined)
    throw new SluiceError('CMD_DATABASE_FAULT', `${call.procedure} answered a result without a command's id.`);
  // A try of this very request that committed unseen is no repetition to its caller.
  return { commandId, result, replayed: replayed && commandId !== call.commandId };
}

async function settled(work: Promise<CommandOutcome> | (() => Promise<CommandOutcome>)): Promise<BatchOutcome> {
  try {
    return await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
}
