import { defineConfig, env, envBoolean, envList, envNumber, secretEnv } from '#infra/runtime/config/define.ts';

/** A configuration for processes that run the role commands alone; everything comes from the environment. */
export default defineConfig({
  source: {
    server: env('SLUICE_SQL_HOST', '127.0.0.1'),
    port: envNumber('SLUICE_SQL_PORT'),
    database: env('COMMANDS_DATABASE'),
    user: 'nobody',
    password: secretEnv('COMMANDS_PASSWORD'),
    encrypt: envBoolean('SLUICE_SQL_ENCRYPT'),
    trustServerCertificate: envBoolean('SLUICE_SQL_TRUST_CERTIFICATE', true),
    connectTimeoutMs: 2000,
    tables: ['dbo.STOCK'],
  },
  kafka: {
    brokers: envList('SLUICE_KAFKA_BROKERS', ['127.0.0.1:1']),
    topicPrefix: env('COMMANDS_PREFIX', 'commands-test'),
  },
  registry: { url: 'http://127.0.0.1:1' },
  elasticsearch: { url: 'http://127.0.0.1:1' },
  redis: { url: 'redis://127.0.0.1:1' },
  catalog: { documents: [] },
  commands: {
    user: env('COMMANDS_USER', 'sluice_commands'),
    password: secretEnv('COMMANDS_PASSWORD'),
    keys: secretEnv('COMMANDS_KEYS'),
    http: { port: envNumber('COMMANDS_PORT', 0) },
    maxConcurrency: envNumber('COMMANDS_CONCURRENCY', 8),
    maxQueued: envNumber('COMMANDS_QUEUED', 200),
    statementTimeoutMs: envNumber('COMMANDS_TIMEOUT_MS', 5000),
    ratePerSecond: 100_000,
    rateBurst: 100_000,
    addressRatePerSecond: 100_000,
    requireMinimalLogin: true,
    soap: { url: 'http://127.0.0.1/soap', requireTls: false },
    ...(process.env['SLUICE_KAFKA_BROKERS'] === undefined ? {} : { queue: { concurrency: 4, partitions: 4 } }),
  },
});
