import { randomUUID } from 'node:crypto';
import sql from 'mssql';
import { afterAll, beforeAll, inject } from 'vitest';
import { type Reply, send } from './reply.ts';

/** One connection of its own, so that its transactions, settings and temporary tables are its own. */
export interface Session {
  /** Runs a batch; the server's errors are in the reply. */
  run(batch: string): Promise<Reply>;
  readonly pool: sql.ConnectionPool;
  close(): Promise<void>;
}

export interface ContractServer {
  /** Name of this file's database. */
  readonly database: string;
  /** Opens a session, as sa in the file's database unless told otherwise. Whoever opens it closes it. */
  open(as?: { readonly user?: string; readonly password?: string; readonly database?: string }): Promise<Session>;
  /** Runs batches as sa in a session of their own; throws at the first error. */
  must(...batches: string[]): Promise<void>;
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly password: string;
}

/** SLUICE_SQL_HOST, SLUICE_SQL_PORT, SLUICE_SQL_SA_PASSWORD name any server; without them it is the stack's stand-in. */
function address(): Address {
  const host = process.env['SLUICE_SQL_HOST'];
  if (host) {
    const password = process.env['SLUICE_SQL_SA_PASSWORD'];
    if (!password) throw new Error('SLUICE_SQL_HOST is set, so SLUICE_SQL_SA_PASSWORD must be too');
    return { host, port: Number(process.env['SLUICE_SQL_PORT'] ?? 1433), password };
  }
  const { sqlserver } = inject('stack');
  if (!sqlserver)
    throw new Error('the stack has no SQL Server: set SLUICE_SQL_HOST or add sqlserver to SLUICE_TEST_PARTS');
  return { host: sqlserver.host, port: sqlserver.port, password: sqlserver.saPassword };
}

async function connect(user: string, password: string, database: string): Promise<Session> {
  const { host, port } = address();
  const pool = new sql.ConnectionPool({
    server: host,
    port,
    user,
    password,
    database,
    requestTimeout: 60_000,
    pool: { min: 1, max: 1, idleTimeoutMillis: 600_000 },
    options: { encrypt: process.env['SLUICE_SQL_ENCRYPT'] === 'true', trustServerCertificate: true },
  } as sql.config);
  await pool.connect();
  return { pool, run: (batch) => send(pool, batch), close: () => pool.close() };
}

/** A database with a unique name for the tests of this file, made before them (with `setup` run in it) and dropped after them. */
export function useContractServer(setup: readonly string[] = []): ContractServer {
  const database = `contract_${randomUUID().replaceAll('-', '')}`;
  const open: ContractServer['open'] = (as = {}) =>
    connect(as.user ?? 'sa', as.password ?? address().password, as.database ?? database);
  const runAll = async (session: Session, batches: readonly string[]): Promise<void> => {
    try {
      for (const batch of batches) {
        const { errors } = await session.run(batch);
        if (errors.length > 0)
          throw new Error(`${errors[0]!.number}: ${errors[0]!.message} in: ${batch.slice(0, 200)}`);
      }
    } finally {
      await session.close();
    }
  };
  beforeAll(async () => {
    await runAll(await open({ database: 'master' }), [`CREATE DATABASE ${database}`]);
    if (setup.length > 0) await runAll(await open(), setup);
  });
  afterAll(async () => {
    await runAll(await open({ database: 'master' }), [
      `ALTER DATABASE ${database} SET SINGLE_USER WITH ROLLBACK IMMEDIATE`,
      `DROP DATABASE ${database}`,
    ]);
  });
  return { database, open, must: async (...batches) => runAll(await open(), batches) };
}
