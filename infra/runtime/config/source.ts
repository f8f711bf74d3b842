import { z } from 'zod';
import { secretSchema, text, wholeNumber } from './sections.ts';

const QUALIFIED_TABLE = /^[^.\s[\]]+\.[^.[\]]+$/;

export const sourceSchema = z.strictObject({
  server: text('Host name or address of the SQL Server.'),
  port: wholeNumber('TCP port of the SQL Server. Default 1433.', 1, 65_535).default(1433),
  database: text('Database that holds the captured tables; CDC must be enabled on it.'),
  user: text('Login that reads the change tables; it needs no more than `sluice check` asks for.'),
  password: secretSchema('Password of that login.'),
  encrypt: z
    .boolean()
    .describe('Require TLS to the database; a server that offers none is refused. Default true.')
    .default(true),
  trustServerCertificate: z
    .boolean()
    .describe('Accept a certificate that no authority known here has signed. Default false.')
    .default(false),
  connectTimeoutMs: wholeNumber('Milliseconds to wait for a connection. Default 15000.', 100, 300_000).default(15_000),
  requestTimeoutMs: wholeNumber('Milliseconds one query may take. Default 60000.', 100, 3_600_000).default(60_000),
  tables: z
    .array(z.string().regex(QUALIFIED_TABLE, { error: 'expected schema.table, for example dbo.PRODUCT' }))
    .min(1)
    .describe('Tables to capture, as schema.table; each must have a capture instance.'),
});
