import { Authenticator } from '#connectors/commands/callers/authenticator.ts';
import { KeyRing } from '#connectors/commands/callers/keyRing.ts';
import { createKey } from '#connectors/commands/callers/keys.ts';
import { StoredProcedureGateway } from '#connectors/commands/gateways/storedProcedures.ts';
import { createCommandServer } from '#connectors/commands/http/server.ts';
import { SCOPES } from '#connectors/commands/model/defineCommand.ts';
import { AuditLog } from '#connectors/commands/pipeline/auditLog.ts';
import { memoryQuotas } from '#connectors/commands/pipeline/quotas.ts';
import { CommandPipeline } from '#connectors/commands/pipeline/useCases.ts';
import { SoapDoor } from '#connectors/commands/soap/soapDoor.ts';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { createSelfSigned } from '#infra/standin/tls/selfSigned.ts';
import type { CommandShop } from './commandShop.ts';

/** Limits that no test reaches by accident. */
const LIMITS = {
  ratePerSecond: 10_000,
  rateBurst: 10_000,
  dailyCommands: 10_000_000,
  processes: 1,
  addressRatePerSecond: 100_000,
  bodyLimitBytes: 65_536,
  batchBodyLimitBytes: 2_097_152,
  requestTimeoutMs: 30_000,
  maxConnections: 1000,
  trustProxy: false,
  corsOrigins: [],
} as const;

/** The command API on a port of its own, over a test shop, with the SOAP door. */
export interface CommandServer {
  readonly url: string;
  /** A key that may do everything; its caller is `shop`. */
  readonly key: string;
  readonly caller: string;
  /** The certificate clients must trust; undefined without TLS. */
  readonly certificate: string | undefined;
  close(): Promise<void>;
}

/** Without `tls` the SOAP door takes passwords over plain HTTP too, as behind a proxy. */
export async function startCommandServer(shop: CommandShop, tls: boolean): Promise<CommandServer> {
  const database = await openDatabase(shop.commandOptions);
  const caller = 'shop';
  const { key, entry } = await createKey({ id: caller, scopes: SCOPES });
  const gateway = new StoredProcedureGateway({
    database,
    gate: { maxConcurrency: 8, maxQueued: 500, queueTimeoutMs: 60_000 },
    maxAttempts: 5,
    budgetMs: 30_000,
    log: silentLogger,
  });
  const audit = new AuditLog(silentLogger, createMetrics());
  const authenticator = new Authenticator({ keys: new KeyRing([entry]) });
  const pipeline = new CommandPipeline({ gateway, audit, quotas: memoryQuotas(LIMITS), now: Date.now });
  const identity = tls ? createSelfSigned('localhost', new Date()) : undefined;
  const app = createCommandServer({
    pipeline,
    gateway,
    authenticator,
    audit,
    document: () => ({}),
    log: silentLogger,
    limits: LIMITS,
    soap: {
      door: new SoapDoor({ useCases: pipeline, authenticator, url: 'https://localhost/soap' }),
      bodyLimitBytes: LIMITS.bodyLimitBytes,
      requireTls: tls,
    },
    ...(identity === undefined ? {} : { tls: { ...identity, requireClientCertificate: false } }),
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    key,
    caller,
    certificate: identity?.cert,
    async close() {
      await app.close();
      await database.close();
    },
  };
}
