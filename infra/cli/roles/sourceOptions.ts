import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import type { Config } from '#infra/runtime/config/config.ts';

/** How the capture reaches its source, from the configuration; reads the password. */
export function sourceOptions(config: Config): DatabaseOptions {
  const { server, port, database, user, password, encrypt, trustServerCertificate, applicationIntent } = config.source;
  return {
    server,
    port,
    database,
    user,
    password: password.read(),
    encrypt,
    trustServerCertificate,
    connectTimeoutMs: config.source.connectTimeoutMs,
    requestTimeoutMs: config.source.requestTimeoutMs,
    readOnlyIntent: applicationIntent === 'read-only',
    applicationName: 'sluice capture',
  };
}
