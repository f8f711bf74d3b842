import { defineConfig, env, envBoolean, envList, envNumber, secretEnv } from '#infra/runtime/config/define.ts';

/** A configuration without documents whose every address comes from the environment; for tests of `sluice check` and bad input. */
export default defineConfig({
  source: {
    server: env('SLUICE_SQL_HOST'),
    port: envNumber('SLUICE_SQL_PORT'),
    database: env('CHECK_DATABASE'),
    user: env('CHECK_USER', 'sa'),
    password: secretEnv('CHECK_PASSWORD'),
    encrypt: envBoolean('SLUICE_SQL_ENCRYPT'),
    trustServerCertificate: envBoolean('SLUICE_SQL_TRUST_CERTIFICATE', true),
    tables: envList('CHECK_TABLES'),
  },
  kafka: { brokers: envList('SLUICE_KAFKA_BROKERS'), topicPrefix: env('CHECK_PREFIX', 'check') },
  registry: { url: env('SLUICE_REGISTRY_URL') },
  elasticsearch: { url: env('SLUICE_ELASTICSEARCH_URL') },
  redis: { url: env('SLUICE_REDIS_URL') },
  catalog: { documents: [] },
});
