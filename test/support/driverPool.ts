import sql from 'mssql';
import type { TestServer } from './databaseOptions.ts';

/** Connections of the driver itself to the database SHOP, as sa; their loss is no fault of the test. */
export async function driverPool({ port, saPassword }: TestServer, max = 1): Promise<sql.ConnectionPool> {
  const pool = new sql.ConnectionPool({
    server: '127.0.0.1',
    port,
    user: 'sa',
    password: saPassword,
    database: 'SHOP',
    pool: { max },
    options: { encrypt: false, trustServerCertificate: true },
  });
  pool.on('error', () => {});
  return pool.connect();
}
