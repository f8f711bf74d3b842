import { orders, product, stock } from '#infra/demo/epos/sluice.config.ts';
import {
  defineConfig,
  env,
  envBoolean,
  envList,
  envNumber,
  secretEnv,
  secretFile,
} from '#infra/runtime/config/define.ts';

/** Roles without the database get no address of it: what a process cannot name it cannot ask for. */
const NO_DATABASE = 'none.invalid';

/**
 * A configuration for a cluster: what differs between clusters comes from the environment (base/environment.yaml), secrets from Secrets, ports
 * are the ones that the manifests name. Tables and documents are the demo's; put your own in their place.
 */
export default defineConfig({
  source: {
    server: env('SLUICE_SQL_HOST', NO_DATABASE),
    port: envNumber('SLUICE_SQL_PORT', 1433),
    database: env('SLUICE_SQL_DATABASE', 'EPOS'),
    user: env('SLUICE_SQL_USER', 'sluice_capture'),
    password: secretEnv('SLUICE_SQL_CAPTURE_PASSWORD'),
    encrypt: true,
    trustServerCertificate: envBoolean('SLUICE_SQL_TRUST_CERTIFICATE', false),
    tables: [
      'dbo.DEPT',
      'dbo.VAT_RATE',
      'dbo.BRANCH',
      'dbo.PRODUCT',
      'dbo.STOCK',
      'dbo.ORD_HDR',
      'dbo.ORD_LINE',
      'storefront.COMMAND',
    ],
  },
  kafka: {
    brokers: envList('SLUICE_KAFKA_BROKERS'),
    topicPrefix: env('SLUICE_TOPIC_PREFIX', 'epos'),
    partitions: envNumber('SLUICE_KAFKA_PARTITIONS', 12),
    replicationFactor: envNumber('SLUICE_KAFKA_REPLICATION', 3),
  },
  registry: { url: env('SLUICE_REGISTRY_URL') },
  elasticsearch: { url: env('SLUICE_ELASTICSEARCH_URL') },
  redis: { url: env('SLUICE_REDIS_URL') },
  catalog: { documents: [product] },
  stock,
  orders,
  commands: {
    user: env('SLUICE_SQL_COMMANDS_USER', 'sluice_commands'),
    password: secretEnv('SLUICE_SQL_COMMANDS_PASSWORD'),
    http: { host: '0.0.0.0', port: 8081 },
    keys: secretFile('/etc/sluice/keys/keys.json'),
  },
  storefront: {
    http: { host: '0.0.0.0', port: 8080 },
    corsOrigins: envList('SLUICE_CORS_ORIGINS', []),
  },
  ops: { http: { host: '0.0.0.0', port: 9464 } },
});
