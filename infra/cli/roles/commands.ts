import { assertMinimalLogin, loginFaults } from '#connectors/commands/gateways/loginCheck.ts';
import { StoredProcedureGateway } from '#connectors/commands/gateways/storedProcedures.ts';
import { KeyRing, parseKeyList } from '#connectors/commands/http/keys.ts';
import { createCommandServer } from '#connectors/commands/http/server.ts';
import { COMMANDS } from '#connectors/commands/model/commands.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { readLoginRights } from '#connectors/sqlserver/loginRights.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { errorFields, SluiceError } from '#infra/runtime/errors.ts';
import { HttpListener } from '#infra/runtime/http/listener.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import type { RoleContext, RoleParts } from './role.ts';

/** How long the start waits for a database that is not there yet. */
const CONNECT_ATTEMPTS = 10;

/** The command API: its own login, its own process if wanted, no topic and no other table than the procedures touch. */
export async function composeCommands({ config, log, metrics, signal }: RoleContext): Promise<RoleParts> {
  const { commands } = config;
  if (commands === undefined) {
    throw new SluiceError(
      'CFG_INVALID',
      'The role commands was asked for, but the configuration has no section `commands`.',
      {
        hint: 'Add the section, or leave the role out.',
      },
    );
  }
  const keys = new KeyRing(parseKeyList(commands.keys.read()));
  const database = new LateDatabase();
  const gateway = new StoredProcedureGateway({
    database,
    gate: {
      maxConcurrency: commands.maxConcurrency,
      maxQueued: commands.maxQueued,
      queueTimeoutMs: commands.queueTimeoutMs,
    },
    maxAttempts: commands.maxAttempts,
    budgetMs: commands.statementTimeoutMs,
    log,
  });
  const { app, audit } = createCommandServer({ gateway, keys, log, metrics, limits: commands });
  const listener = new HttpListener({ name: 'command API', app, http: commands.http, log });
  const connection: Component = {
    name: 'command database',
    async start() {
      await database.open(() => openWithRetry(config, log, signal));
      if (database.opened) await checkLogin(database.opened, commands, log);
    },
    stop: () => database.close(),
  };
  return {
    components: [connection, listener],
    status: { commands: () => ({ url: listener.url, ...gateway.load(), decided: audit.counts() }) },
  };
}

/** The database once it is open; calls before that say that it is away. */
class LateDatabase implements Pick<Database, 'execute'> {
  opened: Database | undefined;

  async open(connect: () => Promise<Database>): Promise<void> {
    this.opened = await connect();
  }

  execute: Database['execute'] = (...call) => {
    if (this.opened === undefined)
      return Promise.reject(new SluiceError('SQL_UNREACHABLE', 'The database is not open yet.'));
    return this.opened.execute(...call);
  };

  async close(): Promise<void> {
    await this.opened?.close();
  }
}

function openWithRetry(config: Config, log: Logger, signal: AbortSignal): Promise<Database> {
  const { source } = config;
  const commands = config.commands!;
  const options = {
    server: source.server,
    port: source.port,
    database: source.database,
    user: commands.user,
    password: commands.password.read(),
    encrypt: source.encrypt,
    trustServerCertificate: source.trustServerCertificate,
    connectTimeoutMs: source.connectTimeoutMs,
    requestTimeoutMs: commands.statementTimeoutMs,
    // One more than runs at once, for the readiness check.
    maxConnections: commands.maxConcurrency + 1,
    applicationName: 'sluice-commands',
  };
  return retry(() => openDatabase(options), {
    attempts: CONNECT_ATTEMPTS,
    signal,
    onRetry: (error, attempt, pauseMs) =>
      log.warn({ event: 'command_database_away', attempt, pauseMs, ...errorFields(error) }),
  });
}

/** @throws CMD_LOGIN_TOO_POWERFUL, CMD_LOGIN_TOO_WEAK; the first only warns when the configuration says so. */
async function checkLogin(database: Database, commands: NonNullable<Config['commands']>, log: Logger): Promise<void> {
  const faults = loginFaults(
    await readLoginRights(database),
    COMMANDS.map((command) => command.procedure),
  );
  if (commands.requireMinimalLogin || faults.tooLittle.length > 0) assertMinimalLogin(commands.user, faults);
  if (faults.tooMuch.length > 0) log.warn({ event: 'command_login_too_powerful', rights: faults.tooMuch.length });
}
