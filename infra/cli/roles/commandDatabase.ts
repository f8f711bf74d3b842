import { setTimeout as delay } from 'node:timers/promises';
import { assertMinimalLogin, loginFaults } from '#connectors/commands/gateways/loginCheck.ts';
import { grantedProcedures, SERVICE_PROCEDURES } from '#connectors/commands/model/grants.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { readLoginRights } from '#connectors/sqlserver/loginRights.ts';
import { int } from '#connectors/sqlserver/params.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { errorFields, isAbort, isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import { serverOptions } from './sourceOptions.ts';

type CommandsConfig = NonNullable<Config['commands']>;

/**
 * The command API's connections to the database. The API starts whether the database is there or not: commands may still be queued. Until
 * it is there and its login has been looked at, every call says that it is away.
 */
export class CommandDatabase implements Pick<Database, 'execute'>, Component {
  readonly name = 'command database';
  readonly #config: Config;
  readonly #commands: CommandsConfig;
  readonly #log: Logger;
  readonly #abort = new AbortController();
  readonly #failure = Promise.withResolvers<never>();
  #opened: Database | undefined;
  #connecting: Promise<void> = Promise.resolve();

  constructor(config: Config, commands: CommandsConfig, log: Logger) {
    this.#config = config;
    this.#commands = commands;
    this.#log = log;
    this.#failure.promise.catch(() => undefined);
  }

  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  execute: Database['execute'] = (...call) => {
    if (this.#opened === undefined)
      return Promise.reject(
        new SluiceError('SQL_UNREACHABLE', 'The database is not open yet.', { cause: namedConnectionError() }),
      );
    return this.#opened.execute(...call);
  };

  /** @throws CMD_LOGIN_TOO_POWERFUL, CMD_LOGIN_TOO_WEAK, SQL_LOGIN_FAILED and whatever else waiting does not mend. */
  async start(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      if (!isRetriable(error)) throw error;
      this.#log.warn({ event: 'command_database_away', ...errorFields(error) });
      this.#connecting = this.#openLater();
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#connecting;
    await this.#opened?.close();
  }

  async #openLater(): Promise<void> {
    try {
      await retry(() => this.#open(), { attempts: Number.POSITIVE_INFINITY, signal: this.#abort.signal });
      this.#log.info({ event: 'command_database_opened' });
    } catch (error) {
      if (!isAbort(error)) this.#failure.reject(error);
    }
  }

  async #open(): Promise<void> {
    const database = await openDatabase(commandDatabaseOptions(this.#config, this.#commands));
    try {
      await this.#checkLogin(database);
    } catch (error) {
      await database.close();
      throw error;
    }
    this.#opened = database;
  }

  async #checkLogin(database: Database): Promise<void> {
    const { dialect, requireMinimalLogin, user } = this.#commands;
    const procedures = grantedProcedures(dialect === 'sqlserver2005' ? '2005' : '2008');
    const faults = loginFaults(await readLoginRights(database), procedures);
    if (requireMinimalLogin || faults.tooLittle.length > 0) assertMinimalLogin(user, faults);
    if (faults.tooMuch.length > 0)
      this.#log.warn({ event: 'command_login_too_powerful', rights: faults.tooMuch.length });
  }
}

/** As the driver's own error of a connection that was never made: nothing can have been sent over it. */
function namedConnectionError(): Error {
  return Object.assign(new Error('not connected'), { name: 'ConnectionError' });
}

/** How the command API reaches its database. */
export function commandDatabaseOptions(config: Config, commands: CommandsConfig) {
  return {
    ...serverOptions(config),
    user: commands.user,
    password: commands.password.read(),
    requestTimeoutMs: commands.statementTimeoutMs,
    // Two more than run at once, for the readiness check and for clearing away.
    maxConnections: commands.maxConcurrency + 2,
    applicationName: 'sluice-commands',
  };
}

const CLEAR_INTERVAL_MS = 3_600_000;
/** Rows of one statement: short transactions, so that commands do not wait for them. */
const CLEAR_ROWS = 500;

/** Deletes what is past its time, hour by hour, in small bites: idempotency keys and reservations. */
export async function clearAway(
  database: Pick<Database, 'execute'>,
  keepDays: number,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { deleteExpiredCommands, deleteExpiredReservations } = SERVICE_PROCEDURES;
  const bite = async (procedure: string, parameters: Parameters<Database['execute']>[1]): Promise<number> => {
    const { recordsets } = await database.execute(procedure, { ...parameters, MaxRows: int(CLEAR_ROWS) }, signal);
    const deleted = recordsets[0]?.[0]?.['Deleted'];
    return typeof deleted === 'number' ? deleted : 0;
  };
  while (!signal.aborted) {
    try {
      let keys = 0;
      let reservations = 0;
      for (let n = CLEAR_ROWS; n >= CLEAR_ROWS; keys += n)
        n = await bite(deleteExpiredCommands, { KeepDays: int(keepDays) });
      for (let n = CLEAR_ROWS; n >= CLEAR_ROWS; reservations += n) n = await bite(deleteExpiredReservations, {});
      if (keys + reservations > 0) log.info({ event: 'expired_commands_deleted', keys, reservations });
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ event: 'expired_commands_not_deleted', ...errorFields(error) });
    }
    await delay(CLEAR_INTERVAL_MS, undefined, { signal });
  }
}
