import { z } from 'zod';
import { wholeNumber } from './sections.ts';

const TOPIC_NAME = /^(?=.*\{table\})(?:[A-Za-z0-9._-]|\{(?:prefix|database|schema|table)\})+$/;

const topicSchema = z.strictObject({
  partitions: wholeNumber('Partitions of the topic when it is created.', 1, 10_000).optional(),
  config: z
    .record(z.string(), z.string())
    .describe("Settings of the topic when it is created, on top of Sluice's own, e.g. retention.ms.")
    .optional(),
});

export const publishSchema = z.strictObject({
  tombstones: z
    .boolean()
    .describe('A record without a value after each delete, so that compaction can forget the key. Default true.')
    .default(true),
  skippedOperations: z
    .array(z.enum(['c', 'u', 'd']))
    .describe('Kinds of changes that are not written: c creates, u updates, d deletes. Default none.')
    .default([]),
  skipUnchanged: z
    .boolean()
    .describe('Leave out updates that change nothing in the columns that are carried. Default false.')
    .default(false),
  transactions: z
    .boolean()
    .describe(
      'Tell begin and end of each transaction in the topic <topicPrefix>.transaction, and each change its place in it. Default false.',
    )
    .default(false),
  heartbeatIntervalMs: wholeNumber(
    'Milliseconds between records in the topic __debezium-heartbeat.<topicPrefix>; 0 writes none. Default 0: the stored position moves on by itself.',
    0,
    3_600_000,
  ).default(0),
  notifications: z
    .boolean()
    .describe(
      'Write what happens to the capture (snapshots, stopped tables, schema changes) to the topic <topicPrefix>.__sluice.notifications, as JSON. Default false.',
    )
    .default(false),
  topicName: z
    .string()
    .regex(TOPIC_NAME, {
      error: 'expected a name with {table}, for example {prefix}.{database}.{schema}.{table}',
    })
    .describe(
      "Name of a table's topic; consumers follow it. Default {prefix}.{database}.{schema}.{table}, as Debezium.",
    )
    .default('{prefix}.{database}.{schema}.{table}'),
  topics: z
    .record(z.string().min(1), topicSchema)
    .describe(
      'How the topics of some tables are made, by pattern schema.table; the first that fits counts. Default none.',
    )
    .default({}),
});
