import { readFileSync } from 'node:fs';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

/** How the capture reaches its source, from the configuration; reads the password. */
export function sourceOptions(config: Config): DatabaseOptions {
  const { user, password, applicationIntent } = config.source;
  return {
    ...serverOptions(config),
    user,
    password: password.read(),
    requestTimeoutMs: config.source.requestTimeoutMs,
    readOnlyIntent: applicationIntent === 'read-only',
    applicationName: 'sluice capture',
  };
}

/** Where the database is and how its server proves itself: the same for every login. */
export function serverOptions({ source }: Config) {
  const { server, port, database, encrypt, trustServerCertificate, caFile, connectTimeoutMs } = source;
  return {
    server,
    port,
    database,
    encrypt,
    trustServerCertificate,
    ...(caFile !== undefined && { certificateAuthority: authority(caFile) }),
    connectTimeoutMs,
  };
}

function authority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SluiceError('CFG_INVALID', `source.caFile: ${file} cannot be read`, { cause: error });
  }
}
