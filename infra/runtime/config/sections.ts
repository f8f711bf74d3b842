import { z } from 'zod';
import { Secret } from './reference.ts';

/** The zod sections of sluice.config.ts. Every key has a description with its unit; defaults carry their reason. */

/** Text that may not be empty. */
export const text = (what: string) => z.string().min(1).describe(what);
/** A whole number between two bounds, both allowed. */
export const wholeNumber = (what: string, min: number, max: number) => z.int().min(min).max(max).describe(what);

/** A secret made by secretEnv() or secretFile(); literal text is refused. */
export const secretSchema = (what: string) =>
  z
    .instanceof(Secret, {
      error: () => 'expected secretEnv(...) or secretFile(...); secrets never stand in the configuration',
    })
    .describe(what);

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

export const consumersSchema = z.strictObject({
  groupPrefix: text(
    'First part of every consumer group id and of the topics consumers keep for themselves. Default sluice.',
  ).default('sluice'),
  sessionTimeoutMs: wholeNumber(
    'Milliseconds without a sign of life after which a consumer counts as dead and its partitions go to others: so long they pause after a kill. Default 6000, the least that brokers accept unless group.min.session.timeout.ms says otherwise; more where machines stall for seconds.',
    1000,
    1_800_000,
  ).default(6000),
  maxBatchRecords: wholeNumber('Records handled in one step. Default 1000.', 1, 100_000).default(1000),
  refreshIntervalMs: wholeNumber(
    'Milliseconds between refreshes of a search index that was written. Default 200.',
    10,
    60_000,
  ).default(200),
  forgetDeletedAfterHours: z
    .int()
    .refine((hours) => hours === 0 || (hours >= 168 && hours <= 87_600), 'expected 0, or 168 to 87600')
    .describe(
      'Hours a deleted row is remembered at least, so that an older version of it cannot bring it back; 0: for ever. Default 720. Not below 168: a redelivery may take so long.',
    )
    .default(720),
  swapIndex: z
    .enum(['when-built', 'by-command'])
    .describe(
      'When searches go to the index of a raised document version: when-built, as soon as it is filled and equals the rows (never back from a newer version that a process keeps up to date), or by-command, with `sluice index swap`. Default when-built.',
    )
    .default('when-built'),
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
