import { defineConfig, env, secretEnv } from '#infra/runtime/config/define.ts';

/** What `sluice stock` needs: a table of levels, and where Redis is. */
export default defineConfig({
  source: { server: 'unused', database: 'SHOP', user: 'unused', password: secretEnv('UNUSED'), tables: ['dbo.STOCK'] },
  kafka: { brokers: ['127.0.0.1:9'], topicPrefix: 'unused' },
  registry: { url: 'http://127.0.0.1:9' },
  elasticsearch: { url: 'http://127.0.0.1:9' },
  redis: { url: env('SLUICE_REDIS_URL'), keyPrefix: env('STOCK_PREFIX') },
  consumers: { groupPrefix: 'shop' },
  catalog: { documents: [] },
  stock: { table: 'dbo.STOCK', project: () => null },
});
