import { z } from 'zod';
import { Secret } from './reference.ts';

/** The zod sections of sluice.config.ts. Every key has a description with its unit; defaults carry their reason. */

const text = (what: string) => z.string().min(1).describe(what);
const wholeNumber = (what: string, min: number, max: number) => z.int().min(min).max(max).describe(what);

/** A secret made by secretEnv() or secretFile(); literal text is refused. */
export const secretSchema = (what: string) =>
  z
    .instanceof(Secret, {
      error: () => 'expected secretEnv(...) or secretFile(...); secrets never stand in the configuration',
    })
    .describe(what);

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

export const kafkaSchema = z.strictObject({
  brokers: z.array(z.string().min(1)).min(1).describe('Bootstrap brokers as host:port.'),
  clientId: text('Client id shown in broker logs. Default sluice.').default('sluice'),
  topicPrefix: z
    .string()
    .regex(/^[A-Za-z0-9._-]+$/, { error: 'expected letters, digits, dot, underscore or hyphen' })
    .describe('First part of every topic name: <topicPrefix>.<database>.<schema>.<table>, as in Debezium.'),
  partitions: wholeNumber('Partitions of each topic Sluice creates. Default 4.', 1, 10_000).default(4),
  replicationFactor: wholeNumber(
    'Replicas of each topic Sluice creates. Default 1; use 3 in production.',
    1,
    10,
  ).default(1),
});

export const registrySchema = z.strictObject({
  url: z.url().describe('Base address of a Confluent-compatible schema registry: /subjects lies below it.'),
});

export const elasticsearchSchema = z.strictObject({
  url: z.url().describe('Address of Elasticsearch 8.19 or 9.x.'),
  indexPrefix: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*$/, { error: 'expected lower-case letters, digits, dot, underscore or hyphen' })
    .describe('First part of every index and alias name. Default sluice-.')
    .default('sluice-'),
});

export const redisSchema = z.strictObject({
  url: z.url().describe('Address of Redis 6.2 or newer: redis://host:port/db.'),
  keyPrefix: text('First part of every key. Default sluice:').default('sluice:'),
});

export const captureSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,80}$/)
    .describe(
      'Name under which the position is kept; the transactional id that fences a second capture. Default capture.',
    )
    .default('capture'),
  pollIntervalMs: wholeNumber(
    'Milliseconds between polls while there is work. Default 100: half of the usual budget to stock.',
    5,
    60_000,
  ).default(100),
  maxPollIntervalMs: wholeNumber(
    'Milliseconds between polls when the source is quiet. Default 500.',
    5,
    300_000,
  ).default(500),
  pageRows: wholeNumber('Rows of one page of a change table. Default 2000.', 10, 100_000).default(2000),
  maxBatchRows: wholeNumber('Changes in one Kafka transaction. Default 5000.', 10, 100_000).default(5000),
  snapshotChunkRows: wholeNumber(
    'Rows of one snapshot chunk: one short transaction on the source. Default 5000.',
    10,
    100_000,
  ).default(5000),
});

export const consumersSchema = z.strictObject({
  groupPrefix: text(
    'First part of every consumer group id and of the topics consumers keep for themselves. Default sluice.',
  ).default('sluice'),
  maxBatchRecords: wholeNumber('Records handled in one step. Default 1000.', 1, 100_000).default(1000),
  refreshIntervalMs: wholeNumber(
    'Milliseconds between refreshes of a search index that was written. Default 200.',
    10,
    60_000,
  ).default(200),
});

/** Where an HTTP server of ours listens; port 0 takes a free one. */
export const httpSchema = (what: string) =>
  z
    .strictObject({
      host: text(`Address ${what} listens on. Default 127.0.0.1.`).default('127.0.0.1'),
      port: wholeNumber(`Port ${what} listens on; 0 takes a free one. Default 0.`, 0, 65_535).default(0),
    })
    .describe(`Where ${what} listens.`);

export const opsSchema = z.strictObject({
  http: httpSchema('the operations endpoint (/livez, /readyz, /status, /metrics)').prefault({}),
});
