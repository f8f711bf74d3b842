import { z } from 'zod';
import { wholeNumber } from './sections.ts';

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
  schemaChange: z
    .strictObject({
      onNewColumn: z
        .enum(['report', 'hold'])
        .describe(
          'When a column is added that the capture instance does not hold. report: the table goes on without it and the T-SQL for a second instance is told. hold: the table waits for that instance. Default report.',
        )
        .default('report'),
      take: z
        .enum(['complete', 'newest'])
        .describe(
          'Which newer capture instance is switched to. complete: one that holds every column the present one holds and the table still has. newest: any. Default complete: an instance somebody made for another reader must not take columns away.',
        )
        .default('complete'),
      backfill: z
        .boolean()
        .describe('Reads the rows again that got a value in a new column before an instance captured it. Default true.')
        .default(true),
      createInstances: z
        .boolean()
        .describe('Makes the second capture instance itself; the login needs db_owner for that. Default false.')
        .default(false),
      dropOldInstances: z
        .boolean()
        .describe(
          'Disables the older capture instance when the stored position has passed the switch; the login needs db_owner for that. Default false: another reader may use it.',
        )
        .default(false),
    })
    .describe('What happens when the definition of a captured table changes: docs/schema-change.md.')
    .prefault({}),
  onLoss: z
    .enum(['resnapshot', 'stop'])
    .describe(
      'When CDC cleaned up changes of a table before they were read. resnapshot: that table is read again and keys that are gone get a delete. stop: that table stops until somebody resumes it. Others go on. Default resnapshot: copies become right again by themselves.',
    )
    .default('resnapshot'),
  idleWriteMs: wholeNumber(
    'Milliseconds between writes of the position while nothing changes, so that it never falls behind clean-up. Default 10000.',
    100,
    600_000,
  ).default(10_000),
  progressIntervalMs: wholeNumber(
    'Milliseconds between records of the topic <topicPrefix>.__sluice.progress while nothing changes: how old a copy of a quiet source can seem. Default 1000.',
    100,
    60_000,
  ).default(1000),
  leaseSessionMs: wholeNumber(
    'Milliseconds without a sign of life after which a standby takes over. Default 6000, the least that brokers accept unless group.min.session.timeout.ms says otherwise.',
    1000,
    300_000,
  ).default(6000),
  health: z
    .strictObject({
      checkIntervalMs: wholeNumber(
        'Milliseconds between looks at a quiet source: one statement each, none while changes flow. Default 5000.',
        100,
        600_000,
      ).default(5000),
      quietAfterMs: wholeNumber(
        'Milliseconds without a new captured LSN after which the source counts as quiet. Default 10000: two rounds of the capture job.',
        100,
        600_000,
      ).default(10_000),
      loginRetryMs: wholeNumber(
        'Milliseconds between tries while the server refuses the login. Default 30000: many tries in a row may lock it.',
        100,
        3_600_000,
      ).default(30_000),
      jobSilenceMs: wholeNumber(
        'Milliseconds without a log scan after which the capture job counts as stopped. Default 60000: raise it when its polling interval is longer than 20 s.',
        500,
        3_600_000,
      ).default(60_000),
    })
    .describe('How closely the source is watched.')
    .prefault({}),
  snapshot: z
    .strictObject({
      mode: z
        .enum(['initial', 'never', 'when-needed', 'only'])
        .describe(
          'initial: each new table is read once. never: none is, changes from now on only. when-needed: as initial, and what was lost is read again whatever onLoss says. only: the capture ends when every table was read. Default initial.',
        )
        .default('initial'),
      readers: wholeNumber(
        'Snapshot readers that work side by side, each with a connection of its own. Default 2: more load the source, not this process.',
        1,
        16,
      ).default(2),
      isolation: z
        .enum(['auto', 'snapshot', 'read-committed'])
        .describe(
          'How rows are read: snapshot needs ALLOW_SNAPSHOT_ISOLATION and VIEW SERVER STATE, read-committed is the weaker way without them. Default auto.',
        )
        .default('auto'),
      bufferMegabytes: wholeNumber(
        'Size, about, of rows that were read and wait until the capture job has passed them. Default 64: some 100,000 rows of 12 columns.',
        8,
        2048,
      ).default(64),
      tables: z
        .record(z.string(), z.union([z.literal('none'), z.strictObject({ where: z.string().max(4000) })]))
        .describe(
          "Tables that are not read (none) or only in part ({ where: \"STATUS = 'A' AND CHANGED >= '2020-01-01'\" }), by schema.table. Default: all rows of all.",
        )
        .default({}),
    })
    .describe('Snapshots: the rows that are there before the changes begin.')
    .prefault({}),
});
