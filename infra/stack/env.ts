import { SluiceError } from '#infra/runtime/errors.ts';
import type { Part, StackAddresses } from './types.ts';

/**
 * The variables by which the demo's configuration finds the servers, and those that `addressesFromEnv` reads besides; with them in the
 * environment SLUICE_STACK=external uses the same servers.
 */
export function envOf(addresses: StackAddresses): Record<string, string> {
  const { kafka, elasticsearch, registry, redis, sqlserver } = addresses;
  return {
    ...(kafka && { SLUICE_KAFKA_BROKERS: kafka.brokers.join(',') }),
    ...(registry && { SLUICE_REGISTRY_URL: registry.url }),
    ...(elasticsearch && { SLUICE_ELASTICSEARCH_URL: elasticsearch.url }),
    ...(redis && { SLUICE_REDIS_URL: redis.url }),
    ...(sqlserver && {
      SLUICE_SQL_HOST: sqlserver.host,
      SLUICE_SQL_PORT: String(sqlserver.port),
      SLUICE_SQL_ENCRYPT: String(sqlserver.encrypt),
      SLUICE_SQL_TRUST_CERTIFICATE: String(sqlserver.trustServerCertificate),
      SLUICE_SQL_SA_PASSWORD: sqlserver.saPassword,
    }),
  };
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The addresses of servers that somebody else runs, from the same variables; besides SLUICE_SQL_SA_PASSWORD, the password of `sa`, and
 * SLUICE_SQL_TRUST_CERTIFICATE ('true' or 'false', by default 'false'). Throws STACK_ADDRESS_MISSING naming every variable that is not set.
 */
export function addressesFromEnv(parts: readonly Part[], env: Env = process.env): StackAddresses {
  const missing: string[] = [];
  const need = (name: string): string => {
    const value = env[name];
    if (!value) missing.push(name);
    return value ?? '';
  };
  const readers: Record<Part, () => StackAddresses> = {
    kafka: () => ({
      kafka: {
        brokers: need('SLUICE_KAFKA_BROKERS')
          .split(',')
          .map((broker) => broker.trim()),
      },
    }),
    elasticsearch: () => ({ elasticsearch: { url: need('SLUICE_ELASTICSEARCH_URL') } }),
    registry: () => ({ registry: { url: need('SLUICE_REGISTRY_URL').replace(/\/+$/, '') } }),
    redis: () => ({ redis: { url: need('SLUICE_REDIS_URL') } }),
    sqlserver: () => ({ sqlserver: sqlServer(need, env) }),
  };
  const addresses: StackAddresses = Object.assign({}, ...parts.map((part) => readers[part]()));
  if (missing.length === 0) return addresses;
  const message = `SLUICE_STACK=external wants the servers' addresses in the environment; missing: ${missing.join(', ')}.`;
  throw new SluiceError('STACK_ADDRESS_MISSING', message);
}

function sqlServer(need: (name: string) => string, env: Env): NonNullable<StackAddresses['sqlserver']> {
  return {
    host: need('SLUICE_SQL_HOST'),
    port: Number(env['SLUICE_SQL_PORT'] ?? '1433'),
    saPassword: need('SLUICE_SQL_SA_PASSWORD'),
    encrypt: env['SLUICE_SQL_ENCRYPT'] !== 'false',
    trustServerCertificate: env['SLUICE_SQL_TRUST_CERTIFICATE'] === 'true',
  };
}
