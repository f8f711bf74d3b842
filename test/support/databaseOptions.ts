import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';

/** A server of a test: a stand-in process, or what a stack says of its SQL Server. */
export interface TestServer {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  readonly saPassword: string;
  /** Default false. */
  readonly encrypt?: boolean;
  /** Default true. */
  readonly trustServerCertificate?: boolean;
}

/** How to reach a database of a test's server: as sa, with short time-outs, unless `change` says otherwise. */
export function databaseOptions(
  { host = '127.0.0.1', port, saPassword, encrypt = false, trustServerCertificate = true }: TestServer,
  database: string,
  change: Partial<DatabaseOptions> = {},
): DatabaseOptions {
  return {
    server: host,
    port,
    database,
    user: 'sa',
    password: saPassword,
    encrypt,
    trustServerCertificate,
    connectTimeoutMs: 5000,
    requestTimeoutMs: 30_000,
    ...change,
  };
}
