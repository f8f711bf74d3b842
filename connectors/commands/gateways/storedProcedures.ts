import type { Database } from '#connectors/sqlserver/connection.ts';
import {
  binary,
  columnTypes,
  nvarcharOf,
  type SqlParam,
  type SqlParams,
  tableParam,
  uniqueidentifier,
  varcharOf,
} from '#connectors/sqlserver/params.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import { mayTryAgain, toCommandError } from './commandErrors.ts';
import { Gate, type GateOptions } from './gate.ts';
import type {
  CommandCall,
  CommandGateway,
  CommandOutcome,
  GatewayLoad,
  ProcedureParameter,
  TableColumn,
} from './procedure.ts';

export interface StoredProcedureOptions {
  /** Only what runs procedures is asked for: this side has no way to express a query. */
  readonly database: Pick<Database, 'execute'>;
  readonly gate: GateOptions;
  readonly maxAttempts: number;
  /** Milliseconds all tries of one command may take together. */
  readonly budgetMs: number;
  readonly log: Logger;
  readonly clock?: Clock;
}

/** Longest decimal text: 38 digits, sign, point. */
const DECIMAL_CHARS = 40;
/** First pause's bound before a deadlock victim tries again: long enough for the winner to commit. */
const RETRY_BASE_MS = 20;
const RETRY_MAX_MS = 500;

/** Runs commands as stored procedures, a bounded number at once. */
export class StoredProcedureGateway implements CommandGateway {
  readonly #options: StoredProcedureOptions;
  readonly #gate: Gate;
  readonly #clock: Clock;

  constructor(options: StoredProcedureOptions) {
    this.#options = options;
    this.#gate = new Gate(options.gate);
    this.#clock = options.clock ?? systemClock;
  }

  readonly load = (): GatewayLoad => this.#gate.load;

  execute(call: CommandCall, signal?: AbortSignal): Promise<CommandOutcome> {
    return this.#gate.run(() => this.#attempt(call, signal), signal);
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

  async #attempt(call: CommandCall, signal?: AbortSignal): Promise<CommandOutcome> {
    const { database, maxAttempts, budgetMs, log } = this.#options;
    const parameters = allParameters(call);
    const deadlineMs = this.#clock.now() + budgetMs;
    try {
      // Every try carries the same key and command id, so a try that did commit unseen is found and replayed by the next.
      const result = await retry(() => database.execute(call.procedure, parameters, signal), {
        attempts: maxAttempts,
        baseMs: RETRY_BASE_MS,
        maxMs: RETRY_MAX_MS,
        clock: this.#clock,
        ...(signal === undefined ? {} : { signal }),
        retryIf: (error) => mayTryAgain(error) && this.#clock.now() < deadlineMs,
        onRetry: (error, attempt, pauseMs) => {
          const code = error instanceof SluiceError ? error.code : 'unknown';
          log.warn({
            event: 'command_tried_again',
            command: call.commandName,
            requestId: call.requestId,
            errorCode: code,
            attempt,
            pauseMs,
          });
        },
      });
      return outcomeOf(result.recordsets[0]?.[0], call);
    } catch (error) {
      throw toCommandError(error, call.commandName);
    }
  }
}

/** What every command's procedure takes, then its own. Source: infra/sql. */
function allParameters(call: CommandCall): SqlParams {
  const own = call.parameters.map((parameter) => [parameter.name, sqlParam(parameter)] as const);
  return {
    IdempotencyKey: varcharOf(100, call.idempotencyKey),
    Caller: varcharOf(64, call.caller),
    RequestId: varcharOf(64, call.requestId),
    PayloadHash: binary(call.payloadHash),
    ...Object.fromEntries(own),
    CommandId: uniqueidentifier(call.commandId),
  };
}

function sqlParam(parameter: ProcedureParameter): SqlParam {
  switch (parameter.type) {
    case 'varchar':
      return varcharOf(parameter.length, parameter.value);
    case 'nvarchar':
      return nvarcharOf(parameter.length, parameter.value);
    case 'decimalText':
      return varcharOf(DECIMAL_CHARS, parameter.value);
    case 'table': {
      const { typeName, columns, rows } = parameter.value;
      return tableParam(
        typeName,
        columns.map((column) => ({ name: column.name, type: columnType(column) })),
        rows,
      );
    }
  }
}

/** Decimals go as text and become decimal in the server: the driver would send them through a binary double. */
function columnType(column: TableColumn) {
  switch (column.type) {
    case 'varchar':
      return columnTypes.varchar(column.length);
    case 'decimalText':
      return columnTypes.varchar(DECIMAL_CHARS);
    default:
      return columnTypes[column.type];
  }
}

function outcomeOf(row: Readonly<Record<string, unknown>> | undefined, call: CommandCall): CommandOutcome {
  const { CommandId, Result, Replayed } = row ?? {};
  if (typeof CommandId !== 'string' || typeof Result !== 'string' || typeof Replayed !== 'boolean') {
    throw new SluiceError(
      'CMD_DATABASE_FAULT',
      `${call.procedure} should answer CommandId, Result and Replayed, but did not.`,
      {
        hint: 'Run the scripts of infra/sql again: the procedure in the database is another one.',
      },
    );
  }
  return { commandId: CommandId.toLowerCase(), result: Result, replayed: Replayed };
}
