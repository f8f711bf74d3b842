import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { NotificationTopic, notificationTopic } from '#connectors/publish/notificationTopic.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createDecoder, type Decoder } from '#schemas/codec.ts';
import { heartbeatTopic, transactionTopic } from '#schemas/controlRecords.ts';
import { EXACT_HEADER, UNAVAILABLE_VALUE } from '#schemas/envelope.ts';
import { createRegistry } from '#schemas/registry.ts';
import { buildCapture } from '#test/support/captureProcess.ts';
import { NO_RULES } from '#test/support/captureSettings.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { eventually } from '#test/support/eventually.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';
import { type DecodedRecord, readHistory } from '#test/support/topicHistory.ts';

/** Between the two large columns: more than fit the first eight bytes of an update mask. */
const WIDE_COLUMNS = 320;

const SQL = `
CREATE DATABASE PARITY;
GO
ALTER DATABASE PARITY SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
USE PARITY;
GO
CREATE TABLE dbo.PRICE (ID int NOT NULL CONSTRAINT PK_PRICE PRIMARY KEY, NET money NOT NULL, UNTIL datetime2(7) NOT NULL, SECRET varchar(20) NULL, OTHER sql_variant NULL);
CREATE TABLE dbo.NOTE (ID int NOT NULL CONSTRAINT PK_NOTE PRIMARY KEY, BODY varchar(20) NOT NULL);
CREATE TABLE dbo.LOG_1 (ID int NOT NULL CONSTRAINT PK_LOG PRIMARY KEY);
GO
DECLARE @columns nvarchar(max) = N'';
DECLARE @i int = 1;
WHILE @i <= ${WIDE_COLUMNS} BEGIN SET @columns += N', C' + CONVERT(nvarchar(9), @i) + N' int NULL'; SET @i += 1; END;
EXEC (N'CREATE TABLE dbo.WIDE (ID int NOT NULL CONSTRAINT PK_WIDE PRIMARY KEY, FIRST_BODY varchar(max) NULL' + @columns + N', LAST_BODY varchar(max) NULL)');
INSERT INTO dbo.WIDE (ID, FIRST_BODY, LAST_BODY) VALUES (1, 'first', 'last');
INSERT INTO dbo.PRICE VALUES (1, 1.5, '9999-12-31', 'hidden', 1);
INSERT INTO dbo.NOTE VALUES (1, 'private note');
GO
EXEC sys.sp_cdc_enable_db;
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'PRICE', @role_name = NULL, @supports_net_changes = 0;
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'NOTE', @role_name = NULL, @supports_net_changes = 0;
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'WIDE', @role_name = NULL, @supports_net_changes = 0;
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'LOG_1', @role_name = NULL, @supports_net_changes = 0;
GO
`;

describe('what a capture may be told to write', () => {
  let standin: StandinProcess;
  let database: Database;
  let kafka: KafkaClient;
  let decoder: Decoder;
  let source: DatabaseOptions;

  beforeAll(async () => {
    const { kafka: brokers, registry } = inject('stack');
    standin = await startStandin({ scripts: [SQL], args: ['--capture-interval', '20'] });
    source = databaseOptions(standin, 'PARITY');
    database = await openDatabase(source);
    kafka = createKafkaClient({ brokers: brokers!.brokers, clientId: 'parity-test' }, silentLogger);
    decoder = createDecoder(createRegistry({ url: registry!.url }));
  });

  afterAll(async () => {
    await database?.close();
    await kafka?.close();
    await standin?.stop();
  });

  const texts = async (topic: string): Promise<string[]> => {
    const values: string[] = [];
    await kafka.readTopic({
      topic,
      from: 'beginning',
      onBatch: ({ messages }) => {
        for (const { value } of messages) values.push(value!.toString());
      },
    });
    return values;
  };

  test('tables, columns, masks, kinds of changes, topics, heartbeats, transactions and notifications, all at once', async () => {
    const { kafka: brokers, registry } = inject('stack');
    const prefix = `parity_${randomUUID().slice(0, 8)}`;
    const notifications = new NotificationTopic({
      kafka,
      topicPrefix: prefix,
      replicationFactor: 1,
      name: 'capture',
      log: silentLogger,
    });
    const { capture, kafka: own } = buildCapture(
      {
        source,
        tables: ['dbo.*'],
        brokers: brokers!.brokers,
        registryUrl: registry!.url,
        topicPrefix: prefix,
        settings: {
          idleWriteMs: 100,
          rules: {
            ...NO_RULES,
            excludeTables: ['dbo.LOG*', 'dbo.WIDE'],
            excludeColumns: ['dbo.PRICE.SECRET'],
            unsupportedColumns: 'skip',
            masks: [{ columns: ['*.BODY'], keys: false, mask: { kind: 'truncate', length: 3 } }],
          },
        },
        publish: {
          tombstones: false,
          skippedOperations: ['c'],
          skipUnchanged: true,
          transactions: true,
          heartbeatIntervalMs: 100,
          topicName: '{prefix}.shop.{table}',
          topics: [{ table: 'dbo.NOTE', partitions: 5, config: { 'retention.ms': '3600000' } }],
        },
      },
      silentLogger,
      { observer: notifications },
    );
    const stop = new AbortController();
    const running = capture.run(stop.signal);
    const prices = `${prefix}.shop.PRICE`;
    const notes = `${prefix}.shop.NOTE`;
    let records: DecodedRecord[] = [];
    try {
      await eventually(() => expect(capture.status().state).toBe('streaming'), { timeoutMs: 30_000 });
      await database.batch(`BEGIN TRANSACTION;
UPDATE dbo.PRICE SET SECRET = 'other' WHERE ID = 1;
UPDATE dbo.PRICE SET NET = 2 WHERE ID = 1;
INSERT INTO dbo.NOTE VALUES (2, 'another');
INSERT INTO dbo.LOG_1 VALUES (1);
COMMIT TRANSACTION;
UPDATE dbo.NOTE SET BODY = 'changed' WHERE ID = 2;
DELETE FROM dbo.NOTE WHERE ID = 2;`);
      await eventually(
        async () => {
          records = await readHistory(kafka, decoder, notes);
          expect(records.map((r) => r.envelope?.op)).toContain('d');
          expect((await texts(heartbeatTopic(prefix))).length).toBeGreaterThan(2);
        },
        { timeoutMs: 30_000 },
      );
    } finally {
      stop.abort();
      await running;
      await notifications.close();
      await own.close();
    }
    const byPlace = (a: DecodedRecord, b: DecodedRecord): number => (a.position < b.position ? -1 : 1);
    expect(
      records.sort(byPlace).map((r) => [r.envelope?.op, r.envelope?.before?.['BODY'], r.envelope?.after?.['BODY']]),
    ).toEqual([
      ['r', undefined, 'pri'],
      ['u', 'ano', 'cha'],
      ['d', 'cha', undefined],
    ]);
    const priced = (await readHistory(kafka, decoder, prices)).sort(byPlace);
    expect(priced.map((r) => [r.envelope!.op, r.envelope!.after])).toEqual([
      ['r', { ID: 1, NET: '1.5000', UNTIL: 2n ** 63n - 1n }],
      ['u', { ID: 1, NET: '2.0000', UNTIL: 2n ** 63n - 1n }],
    ]);
    const exact = priced.map((r) => JSON.parse(r.message.headers[EXACT_HEADER]!.toString()) as Record<string, unknown>);
    const forEver = { UNTIL: '9999-12-31T00:00:00.0000000' };
    expect(exact).toEqual([{ after: forEver }, { before: forEver, after: forEver }]);
    const topics = (await kafka.listTopics()).filter((t) => t.includes(prefix)).sort();
    expect(topics).toEqual(
      [
        heartbeatTopic(prefix),
        `${prefix}.__sluice.notifications`,
        `${prefix}.__sluice.positions`,
        `${prefix}.__sluice.progress`,
        notes,
        prices,
        transactionTopic(prefix),
      ].sort(),
    );
    expect(await kafka.partitionCount(notes)).toBe(5);
    expect(await kafka.partitionCount(prices)).toBe(3);
    expect((await texts(transactionTopic(prefix))).length).toBe(6);
    const kinds = (await texts(notificationTopic(prefix))).map(
      (t) => (JSON.parse(t) as { additional_data: { kind: string } }).additional_data.kind,
    );
    expect(kinds).toEqual(
      expect.arrayContaining(['snapshot_started', 'snapshot_table_completed', 'snapshot_completed']),
    );
  });

  test('an update of a table with hundreds of columns carries the large values it set and placeholders for the others', async () => {
    const { kafka: brokers, registry } = inject('stack');
    const prefix = `wide_${randomUUID().slice(0, 8)}`;
    const { capture, kafka: own } = buildCapture({
      source,
      tables: ['dbo.WIDE'],
      brokers: brokers!.brokers,
      registryUrl: registry!.url,
      topicPrefix: prefix,
    });
    const stop = new AbortController();
    const running = capture.run(stop.signal);
    let records: DecodedRecord[] = [];
    try {
      await eventually(() => expect(capture.status().state).toBe('streaming'), { timeoutMs: 30_000 });
      await database.batch(`UPDATE dbo.WIDE SET C1 = 1;
UPDATE dbo.WIDE SET FIRST_BODY = 'changed', C320 = 1;
UPDATE dbo.WIDE SET LAST_BODY = NULL, C160 = 1;
UPDATE dbo.WIDE SET FIRST_BODY = 'again', LAST_BODY = 'back';`);
      await eventually(
        async () => {
          records = await readHistory(kafka, decoder, `${prefix}.PARITY.dbo.WIDE`);
          expect(records.length).toBe(5);
        },
        { timeoutMs: 30_000 },
      );
    } finally {
      stop.abort();
      await running;
      await own.close();
    }
    const bodies = (row: DecodedRecord['key'] | null | undefined): unknown =>
      row && [row['FIRST_BODY'], row['LAST_BODY']];
    expect(records.map(({ envelope }) => [bodies(envelope!.before), bodies(envelope!.after)])).toEqual([
      [null, ['first', 'last']],
      [
        [UNAVAILABLE_VALUE, UNAVAILABLE_VALUE],
        [UNAVAILABLE_VALUE, UNAVAILABLE_VALUE],
      ],
      [
        ['first', UNAVAILABLE_VALUE],
        ['changed', UNAVAILABLE_VALUE],
      ],
      [
        [UNAVAILABLE_VALUE, 'last'],
        [UNAVAILABLE_VALUE, null],
      ],
      [
        ['changed', null],
        ['again', 'back'],
      ],
    ]);
  });
});
