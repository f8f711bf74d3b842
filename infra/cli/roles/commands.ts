import { Authenticator } from '#connectors/commands/callers/authenticator.ts';
import type { CertificateEntry } from '#connectors/commands/callers/certificates.ts';
import { TokenVerifier } from '#connectors/commands/callers/jwt.ts';
import { watchKeys } from '#connectors/commands/callers/keyReload.ts';
import { KeyRing } from '#connectors/commands/callers/keyRing.ts';
import { parseKeyList } from '#connectors/commands/callers/keys.ts';
import type { CommandGateway } from '#connectors/commands/gateways/procedure.ts';
import { StoredProcedureGateway } from '#connectors/commands/gateways/storedProcedures.ts';
import { createCommandServer, type ServerTls } from '#connectors/commands/http/server.ts';
import { SCOPES, type Scope } from '#connectors/commands/model/defineCommand.ts';
import { commandsOpenApi } from '#connectors/commands/openapi/document.ts';
import { AuditLog } from '#connectors/commands/pipeline/auditLog.ts';
import { memoryQuotas } from '#connectors/commands/pipeline/quotas.ts';
import { CommandPipeline } from '#connectors/commands/pipeline/useCases.ts';
import { SoapDoor } from '#connectors/commands/soap/soapDoor.ts';
import type { SoapRouteOptions } from '#connectors/commands/soap/soapRoutes.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { HttpListener } from '#infra/runtime/http/listener.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { Gauge, type Registry } from '#infra/runtime/metrics.ts';
import { CommandDatabase, clearAway } from './commandDatabase.ts';
import { type CommandQueueParts, composeCommandQueue } from './commandQueue.ts';
import type { RoleContext, RoleParts } from './role.ts';

type CommandsConfig = NonNullable<Config['commands']>;

/** The command API: its own login, its own process if wanted, no topic but its own queue and no table but through the procedures. */
export async function composeCommands({ config, log, metrics }: RoleContext): Promise<RoleParts> {
  const { commands } = config;
  if (commands === undefined) {
    throw new SluiceError(
      'CFG_INVALID',
      'The role commands was asked for, but the configuration has no section `commands`.',
      { hint: 'Add the section, or leave the role out.' },
    );
  }
  const database = new CommandDatabase(config, commands, log);
  const gateway = gatewayOver(database, commands, log);
  const queueParts = composeCommandQueue(config, log);
  const audit = new AuditLog(log, metrics);
  const now = Date.now;
  const queue = queueParts?.queue;
  const pipeline = new CommandPipeline({ gateway, audit, quotas: memoryQuotas(commands), queue, now });
  const ring = new KeyRing(parseKeyList(commands.keys.read()));
  const authenticator = new Authenticator({
    keys: ring,
    tokens: new TokenVerifier(commands.tokens, log),
    certificates: certificatesOf(commands),
  });
  const tls = tlsOf(commands);
  const app = createCommandServer({
    pipeline,
    gateway,
    authenticator,
    audit,
    queue,
    log,
    tls,
    soap: soapOf(commands, pipeline, authenticator),
    limits: commands,
    document: commandsOpenApi,
  });
  const scheme = tls === undefined ? 'http' : 'https';
  const listener = new HttpListener({ name: 'command API', app, http: commands.http, log, scheme });
  const keys = backgroundLoop('API keys', (signal) =>
    watchKeys({ ring, read: () => commands.keys.read(), intervalMs: commands.keysReloadMs, log, signal }),
  );
  const clearing = backgroundLoop('command clean-up', (signal) =>
    clearAway(database, commands.idempotencyKeepDays, log, signal),
  );
  addGauges(metrics, gateway, queueParts);
  const worker = queueParts === undefined ? [] : [queueParts.worker(pipeline, gateway)];
  return {
    components: [database, keys, clearing, ...worker, listener],
    status: {
      commands: () => ({
        url: listener.url,
        ...gateway.load(),
        queued: queueParts?.index.waiting ?? 0,
        decided: audit.counts(),
      }),
    },
  };
}

function gatewayOver(database: CommandDatabase, commands: CommandsConfig, log: Logger): CommandGateway {
  const { maxConcurrency, maxQueued, queueTimeoutMs, dialect, maxAttempts, statementTimeoutMs, breaker } = commands;
  return new StoredProcedureGateway({
    database,
    dialect,
    gate: { maxConcurrency, maxQueued, queueTimeoutMs },
    maxAttempts,
    budgetMs: statementTimeoutMs,
    breaker,
    log,
  });
}

/** @throws CFG_INVALID for a scope that no command knows. */
function certificatesOf({ certificates }: CommandsConfig): readonly CertificateEntry[] {
  return certificates.map((entry, i) => {
    const unknown = entry.scopes.find((scope) => !(SCOPES as readonly string[]).includes(scope));
    if (unknown === undefined) return { ...entry, scopes: entry.scopes as readonly Scope[] };
    throw new SluiceError(
      'CFG_INVALID',
      `commands.certificates[${i}].scopes: expected some of ${SCOPES.join(', ')}; found '${unknown}'`,
    );
  });
}

function tlsOf({ tls }: CommandsConfig): ServerTls | undefined {
  if (tls === undefined) return undefined;
  return {
    cert: tls.certificate.read(),
    key: tls.key.read(),
    requireClientCertificate: tls.requireClientCertificate,
    ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa.read() }),
  };
}

function soapOf(
  { soap, bodyLimitBytes }: CommandsConfig,
  useCases: CommandPipeline,
  authenticator: Authenticator,
): SoapRouteOptions | undefined {
  if (soap === undefined) return undefined;
  const { url, requireTls } = soap;
  return { door: new SoapDoor({ useCases, authenticator, url }), bodyLimitBytes, requireTls };
}

const BREAKER_VALUE = { closed: 0, 'half-open': 1, open: 2 } as const;

function addGauges(metrics: Registry, gateway: CommandGateway, queue: CommandQueueParts | undefined): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    const registers = [metrics];
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  };
  gauge('sluice_commands_running', 'Commands in the database now.', () => gateway.load().running);
  gauge('sluice_commands_waiting', 'Commands waiting for their turn.', () => gateway.load().waiting);
  gauge(
    'sluice_commands_breaker',
    'Circuit breaker of the database: 0 closed, 1 half-open, 2 open.',
    () => BREAKER_VALUE[gateway.load().breaker],
  );
  gauge(
    'sluice_commands_queued',
    'Accepted commands that have not ended, as far as this process has read.',
    () => queue?.index.waiting ?? 0,
  );
}
