import { z } from 'zod';
import { secretSchema, text, wholeNumber } from './sections.ts';

const TABLE_PATTERN = /^[^.\s[\]]+\.[^.[\]]+(?:\.[^.[\]]+)?$/;
const COLUMN_PATTERN = /^\S.*\.\S.*$/;

const tablePattern = z.string().regex(TABLE_PATTERN, { error: 'expected schema.table, for example dbo.PRODUCT' });
const columnPattern = z
  .string()
  .regex(COLUMN_PATTERN, { error: 'expected schema.table.column, for example dbo.PRODUCT.NOTES' });
const columnPatterns = (what: string) =>
  z.array(columnPattern).describe(`${what} Patterns schema.table.column, * for any characters.`);

const maskSchema = z
  .strictObject({
    columns: columnPatterns('Columns to mask; only texts can be masked.').min(1),
    hash: z
      .strictObject({
        algorithm: z
          .enum(['SHA-256', 'SHA-384', 'SHA-512'])
          .describe('Digest of salt and value, in hexadecimal. Default SHA-256.')
          .default('SHA-256'),
        salt: secretSchema('What makes the digests differ from those of others; keep it, or pseudonyms change.'),
      })
      .describe('Write a pseudonym: equal values stay equal, so joins still work.')
      .optional(),
    stars: wholeNumber('Write this many asterisks, whatever the value is.', 1, 1000).optional(),
    truncate: wholeNumber('Write only this many characters.', 0, 100_000).optional(),
    keys: z
      .boolean()
      .describe('Also where the column is part of a record key; only with hash. Default false: refused there.')
      .default(false),
  })
  .refine((mask) => [mask.hash, mask.stars, mask.truncate].filter((how) => how !== undefined).length === 1, {
    error: 'expected one of hash, stars and truncate',
  });

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
  caFile: text(
    "PEM file of the authority that signed the server's certificate. Default: the authorities Node knows (and NODE_EXTRA_CA_CERTS).",
  ).optional(),
  connectTimeoutMs: wholeNumber('Milliseconds to wait for a connection. Default 15000.', 100, 300_000).default(15_000),
  requestTimeoutMs: wholeNumber('Milliseconds one query may take. Default 60000.', 100, 3_600_000).default(60_000),
  applicationIntent: z
    .enum(['read-write', 'read-only'])
    .describe(
      'What is announced at the login: read-only lets an availability group route to a readable secondary. Default read-write.',
    )
    .default('read-write'),
  timeZone: text(
    'Time zone of the server as in sys.time_zone_info, e.g. Central European Standard Time; commit times have no zone of their own. Left out, the server is asked (SQL Server 2022 and Azure know), and an older one is taken to have had its present offset always.',
  ).optional(),
  tables: z
    .array(tablePattern)
    .min(1)
    .describe(
      'Tables to capture, as schema.table with * for any characters; each name without * must have a capture instance. database.schema.table for tables of another database of the server.',
    ),
  excludeTables: z
    .array(tablePattern)
    .describe('Tables to leave out of those, as patterns like theirs. Default none.')
    .default([]),
  excludeColumns: columnPatterns('Columns that are not carried. Default none.').default([]),
  includeColumns: columnPatterns('Only these columns are carried, and the key columns. Left out: all.').optional(),
  maskColumns: z
    .array(maskSchema)
    .describe('Columns whose values never leave as they are; the first entry that names a column counts. Default none.')
    .default([]),
  unsupportedColumns: z
    .enum(['fail', 'skip'])
    .describe(
      'Columns of types that cannot be carried (sql_variant, CLR types): an error that names them, or left out. Default fail.',
    )
    .default('fail'),
  outOfRangeTimes: z
    .enum(['saturate', 'stop'])
    .describe(
      'A datetime2(7) outside 1677 to 2262 does not fit its field: write the nearest that fits and the exact text in the header sluice.exact, or stop the table. In keys always stop. Default saturate: 9999-12-31 is how old schemas say "for ever".',
    )
    .default('saturate'),
  messageKeys: z
    .record(tablePattern, z.array(z.string().min(1)).min(1))
    .describe(
      'Columns of the record key of some tables (patterns as in tables), instead of their primary key. Default none.',
    )
    .default({}),
});
