import { readFileSync } from 'node:fs';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

/** How the capture reaches its source, from the configuration; reads the password. */
export function sourceOptions(config: Config): DatabaseOptions {
  const { caFile } = config.source;
  const { server, port, database, user, password, encrypt, trustServerCertificate, applicationIntent } = config.source;
  return {
    server,
    port,
    database,
    user,
    password: password.read(),
    encrypt,
    trustServerCertificate,
    ...(caFile !== undefined && { certificateAuthority: authority(caFile) }),
    connectTimeoutMs: config.source.connectTimeoutMs,
    requestTimeoutMs: config.source.requestTimeoutMs,
    readOnlyIntent: applicationIntent === 'read-only',
    applicationName: 'sluice capture',
  };
}

function authority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SluiceError('CFG_INVALID', `source.caFile: ${file} cannot be read`, { cause: error });
  }
}
