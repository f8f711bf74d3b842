import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Capture } from '#connectors/capture/capture.ts';
import { SourceWatch } from '#connectors/capture/healthWatch.ts';
import { Publisher } from '#connectors/publish/publisher.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { decodeProgress, type ProgressRecord, progressTopic } from '#schemas/progressRecord.ts';
import { captureSettings } from '#test/support/captureSettings.ts';
import { CAPTURE_PASSWORD, CAPTURE_SHOP_SQL } from '#test/support/captureShop.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { eventually } from '#test/support/eventually.ts';
import { MemoryBroker } from '#test/support/kafka/memoryBroker.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';
import { memoryRegistry } from '#test/unit/connectors/publish/publishFixture.ts';

let standin: StandinProcess;
let shop: Database;
const kafka = createMemoryKafka(new MemoryBroker());

const options = (user: string, password: string): DatabaseOptions =>
  databaseOptions(standin, 'SHOP', { user, password, requestTimeoutMs: 10_000 });

beforeAll(async () => {
  standin = await startStandin({ scripts: [CAPTURE_SHOP_SQL], args: ['--capture-interval', '20'] });
  shop = await openDatabase(options('sa', standin.saPassword));
});

afterAll(async () => {
  await shop.close();
  await standin.stop();
});

/** The capture with its source's watch and its publisher; only Kafka is in memory. */
function capture() {
  const stop = new AbortController();
  const publisher = new Publisher({
    kafka,
    registry: memoryRegistry(),
    name: 'capture',
    topicPrefix: 'p',
    partitions: 2,
    replicationFactor: 1,
    log: silentLogger,
  });
  const running = new Capture({
    openSource: () => openDatabase({ ...options('reader', CAPTURE_PASSWORD), maxConnections: 6 }),
    sink: publisher,
    settings: captureSettings({ database: 'SHOP', tables: ['dbo.STOCK'], progressIntervalMs: 100 }),
    log: silentLogger,
    health: new SourceWatch({
      quietAfterMs: 200,
      jobSilenceMs: 60_000,
      checkIntervalMs: 40,
      loginRetryMs: 30_000,
      observer: { notify: () => undefined },
    }),
  }).run(stop.signal);
  return async (): Promise<void> => {
    stop.abort();
    await running;
    await publisher.close();
  };
}

async function newest(): Promise<ProgressRecord> {
  let found: ProgressRecord | null = null;
  await kafka.readTopic({
    topic: progressTopic('p'),
    from: 'beginning',
    onBatch: ({ messages }) => {
      found = decodeProgress(messages.at(-1)!.value);
    },
  });
  return found!;
}

/** Waits for a record that was written after now. */
async function nextAfter(ms: number): Promise<ProgressRecord> {
  return eventually(async () => {
    const record = await newest();
    expect(record.atMs).toBeGreaterThan(ms);
    return record;
  });
}

describe('the progress a capture tells of a real source', () => {
  it('stays young on a quiet source, and stands still while the capture job does', async () => {
    const end = capture();
    await eventually(async () => expect((await newest()).topics).toEqual(['p.SHOP.dbo.STOCK']));
    await shop.batch("INSERT INTO dbo.STOCK (CODE, PLACE, QTY) VALUES ('QUIET', 1, 1)");
    // Nothing changes from here on: only the job's scans can show that nothing is missing.
    const quietSinceMs = Date.now();
    await eventually(async () => expect((await newest()).sourceTimeMs).toBeGreaterThan(quietSinceMs + 500));
    const { position } = await newest();
    await shop.batch("EXEC sys.sp_cdc_stop_job @job_type = N'capture'");
    const stoppedMs = Date.now();
    const first = await nextAfter(stoppedMs + 1000);
    const second = await nextAfter(first.atMs + 1000);
    expect(second).toMatchObject({ position, sourceTimeMs: first.sourceTimeMs });
    expect(second.sourceTimeMs).toBeLessThanOrEqual(stoppedMs);
    await shop.batch("EXEC sys.sp_cdc_start_job @job_type = N'capture'");
    await eventually(async () => expect((await newest()).sourceTimeMs).toBeGreaterThan(stoppedMs));
    await end();
  }, 60_000);
});
