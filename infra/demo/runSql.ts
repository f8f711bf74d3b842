import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { bit, float, int, nvarchar, type SqlParams } from '#connectors/sqlserver/params.ts';
import type { OwnerConnection } from './runDatabase.ts';
import type { SqlParam } from './sqlExecutor.ts';

/** Connections of the legacy database's owner: what the demo plays the old system with. Sluice itself never has such rights. */
export interface OwnerPool extends OwnerConnection {
  readonly database: Database;
  close(): Promise<void>;
}

export interface OwnerPoolOptions {
  readonly host: string;
  readonly port: number;
  readonly saPassword: string;
  readonly encrypt: boolean;
  readonly trustServerCertificate: boolean;
  /** Default `master`. */
  readonly database?: string;
  readonly connections: number;
}

/** A statement of the loader carries a thousand rows; on a busy two-core machine one may take seconds. */
const REQUEST_TIMEOUT_MS = 120_000;

/** Opens connections as sa. With one connection a `USE` stays in force for what follows. */
export async function openOwnerPool(options: OwnerPoolOptions): Promise<OwnerPool> {
  const database = await openDatabase({
    server: options.host,
    port: options.port,
    database: options.database ?? 'master',
    user: 'sa',
    password: options.saPassword,
    encrypt: options.encrypt,
    trustServerCertificate: options.trustServerCertificate,
    connectTimeoutMs: 15_000,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    maxConnections: options.connections,
    applicationName: 'legacy-epos',
  });
  return {
    database,
    query: <Row extends Readonly<Record<string, unknown>>>(
      text: string,
      params: Readonly<Record<string, SqlParam>> = {},
    ) => database.query<Row>(text, typed(params)),
    batch: (text) => database.batch(text),
    close: () => database.close(),
  };
}

/** Text as nvarchar(max), whole numbers as int, others as float, booleans as bit. Money and decimals come as text. */
function typed(params: Readonly<Record<string, SqlParam>>): SqlParams {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, typedValue(value)]));
}

function typedValue(value: SqlParam): SqlParams[string] {
  if (typeof value === 'number') return Number.isInteger(value) ? int(value) : float(value);
  return typeof value === 'boolean' ? bit(value) : nvarchar(value);
}
