import { defineConfig, env, envList, secretEnv } from '#infra/runtime/config/define.ts';
import { DATABASE, SHAPES } from '../consumers/shopTables.ts';

/** What `sluice dlq` needs: Kafka, the registry and the prefix of the groups. */
export default defineConfig({
  source: {
    server: 'unused.invalid',
    database: DATABASE,
    user: 'unused',
    password: secretEnv('UNUSED'),
    tables: Object.keys(SHAPES),
  },
  kafka: { brokers: envList('SLUICE_KAFKA_BROKERS'), topicPrefix: env('LETTERS_ID') },
  registry: { url: env('SLUICE_REGISTRY_URL') },
  elasticsearch: { url: 'http://unused.invalid' },
  redis: { url: 'redis://unused.invalid' },
  consumers: { groupPrefix: env('LETTERS_ID') },
  catalog: { documents: [] },
});
