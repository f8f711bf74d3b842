import { defineConfig, env, envList, secretEnv } from '#infra/runtime/config/define.ts';
import { DATABASE, orders } from '../consumers/shopTables.ts';

/** Webhooks to one endpoint; every address comes from the environment; for tests of `sluice webhooks`. */
export default defineConfig({
  source: {
    server: 'unused.invalid',
    database: DATABASE,
    user: 'unused',
    password: secretEnv('HOOKS_SECRET'),
    tables: ['dbo.ORD', 'dbo.ORD_LINE'],
  },
  kafka: { brokers: envList('SLUICE_KAFKA_BROKERS'), topicPrefix: env('HOOKS_ID'), partitions: 2 },
  registry: { url: env('SLUICE_REGISTRY_URL') },
  elasticsearch: { url: 'http://unused.invalid' },
  redis: { url: env('SLUICE_REDIS_URL'), keyPrefix: env('HOOKS_PREFIX') },
  consumers: { groupPrefix: env('HOOKS_ID') },
  catalog: { documents: [] },
  orders,
  webhooks: {
    endpoints: [
      {
        name: 'shop',
        url: env('HOOKS_URL'),
        secrets: [secretEnv('HOOKS_SECRET')],
        allowHttp: true,
        allowPrivateAddresses: true,
      },
    ],
  },
});
