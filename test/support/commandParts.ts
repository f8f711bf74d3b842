import { Authenticator } from '#connectors/commands/callers/authenticator.ts';
import { KeyRing } from '#connectors/commands/callers/keyRing.ts';
import { createKey } from '#connectors/commands/callers/keys.ts';
import { StoredProcedureGateway } from '#connectors/commands/gateways/storedProcedures.ts';
import { SCOPES } from '#connectors/commands/model/defineCommand.ts';
import { AuditLog } from '#connectors/commands/pipeline/auditLog.ts';
import { memoryQuotas } from '#connectors/commands/pipeline/quotas.ts';
import { CommandPipeline } from '#connectors/commands/pipeline/useCases.ts';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
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

/** What a server of commands over a test shop is made of, with the key of a caller that may do everything. */
export async function commandParts(shop: CommandShop, caller: string) {
  const database = await openDatabase(shop.commandOptions);
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
  const server = { pipeline, gateway, authenticator, audit, document: () => ({}), log: silentLogger, limits: LIMITS };
  return { database, key, server };
}
