import { defineConfig, env, envBoolean, envList, envNumber, secretEnv } from '#infra/runtime/config/define.ts';

/** A configuration of the capture alone, with every address and pace from the environment: for tests of the capture role. */
export default defineConfig({
  source: {
    server: env('SLUICE_SQL_HOST', '127.0.0.1'),
    port: envNumber('SLUICE_SQL_PORT'),
    database: env('SHOP_DATABASE', 'SHOP'),
    user: env('SHOP_USER', 'reader'),
    password: secretEnv('SHOP_PASSWORD'),
    encrypt: envBoolean('SLUICE_SQL_ENCRYPT', false),
    trustServerCertificate: envBoolean('SLUICE_SQL_TRUST_CERTIFICATE', true),
    tables: envList('SHOP_TABLES'),
  },
  kafka: { brokers: envList('SLUICE_KAFKA_BROKERS'), topicPrefix: env('SHOP_PREFIX'), partitions: 3 },
  registry: { url: env('SLUICE_REGISTRY_URL') },
  elasticsearch: { url: env('SLUICE_ELASTICSEARCH_URL', 'http://127.0.0.1:9') },
  redis: { url: env('SLUICE_REDIS_URL', 'redis://127.0.0.1:9') },
  catalog: { documents: [] },
  capture: {
    pollIntervalMs: 20,
    maxPollIntervalMs: 100,
    pageRows: 200,
    maxBatchRows: 500,
    snapshotChunkRows: 100,
    leaseSessionMs: envNumber('SHOP_LEASE_MS', 6000),
    health: { checkIntervalMs: 100, quietAfterMs: 500, jobSilenceMs: 1500, loginRetryMs: 500 },
  },
  publish: { notifications: true },
  ops: { http: { port: envNumber('SHOP_OPS_PORT', 0) } },
});
