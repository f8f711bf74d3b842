import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Capture } from '#connectors/capture/capture.ts';
import type { SnapshotIsolation } from '#connectors/capture/snapshotIsolation.ts';
import type { ChangeEvent } from '#connectors/capture/types.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import { createLogger, silentLogger } from '#infra/runtime/logger.ts';
import { FaultySink } from '#test/support/captureRun.ts';
import { captureSettings } from '#test/support/captureSettings.ts';
import { CAPTURE_PASSWORD, CAPTURE_SHOP_SQL, CAPTURE_SHOP_TABLES, work } from '#test/support/captureShop.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { eventually } from '#test/support/eventually.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';

let standin: StandinProcess;
let shop: Database;
let round = 0;

const source = (user: string, password: string): DatabaseOptions =>
  databaseOptions(standin, 'SHOP', { user, password, maxConnections: 8 });

beforeAll(async () => {
  standin = await startStandin({ scripts: [CAPTURE_SHOP_SQL], args: ['--capture-interval', '20'] });
  shop = await openDatabase(source('sa', standin.saPassword));
});

afterAll(async () => {
  await shop?.close();
  await standin?.stop();
});

interface Running {
  readonly sink: FaultySink;
  readonly capture: Capture;
  stop(): Promise<void>;
}

function start(isolation: 'auto' | SnapshotIsolation): Running {
  const sink = new FaultySink(() => 'none');
  const capture = new Capture({
    openSource: () => openDatabase(source('reader', CAPTURE_PASSWORD)),
    sink,
    log: process.env['SLUICE_TEST_LOG'] ? createLogger('capture', 'debug') : silentLogger,
    settings: captureSettings({
      database: 'SHOP',
      tables: CAPTURE_SHOP_TABLES,
      snapshotChunkRows: 40,
      snapshot: { mode: 'initial', readers: 3, bufferMegabytes: 64, isolation, tables: {} },
    }),
  });
  const stop = new AbortController();
  const running = capture.run(stop.signal);
  return {
    sink,
    capture,
    async stop() {
      stop.abort();
      await running;
    },
  };
}

const keyOf = ({ table, before, after }: ChangeEvent): string =>
  `${table.id}/${table.instance.keyColumns.map((name) => (after ?? before)![name]).join('/')}`;

/** Quantities only ever fall in `work`: one that rises is an older state. */
function checkForward(written: readonly ChangeEvent[]): void {
  for (const [key, events] of Map.groupBy(written, keyOf)) {
    for (let i = 1; i < events.length; i++) {
      const [earlier, later] = [events[i - 1]!, events[i]!];
      expect(later.position > earlier.position, `${key}: ${earlier.position} ${later.position}`).toBe(true);
      if (key.startsWith('dbo.STOCK') && earlier.after && later.after)
        expect(later.after['QTY'] as number, key).toBeLessThanOrEqual(earlier.after['QTY'] as number);
    }
    expect(events.filter((e) => e.op === 'r').length, key).toBeLessThanOrEqual(1);
  }
}

async function checkEnd(written: readonly ChangeEvent[]): Promise<void> {
  const stock = new Map<string, unknown>();
  for (const event of written.filter((e) => e.table.id === 'dbo.STOCK'))
    if (event.op === 'd') stock.delete(keyOf(event));
    else stock.set(keyOf(event), event.after!['QTY']);
  const rows = await shop.rows('SELECT s.CODE, s.PLACE, s.QTY FROM dbo.STOCK AS s');
  const expected = rows.map(([code, place, qty]) => [`dbo.STOCK/${code}/${place}`, qty] as const);
  expect(new Map([...stock].sort())).toEqual(new Map(expected.sort()));
}

/** Reads a snapshot while the capture job stands still and rows change, lets the job go on late and slowly, and looks at what was written. */
async function readBesideDelayedJob(isolation: 'auto' | SnapshotIsolation): Promise<void> {
  await shop.batch("EXEC sys.sp_standin_capture 'stop'");
  for (let n = 0; n < 10; n++) await work(shop, round++);
  const running = start(isolation);
  await eventually(() => expect(running.sink.state).not.toBeNull(), { timeoutMs: 30_000 });
  for (let n = 0; n < 60; n++) await work(shop, round++);
  expect(running.sink.written, 'nothing may be written that the job has not passed').toEqual([]);
  await shop.batch("EXEC sys.sp_standin_capture 'slow', 150");
  for (let n = 0; n < 60; n++) await work(shop, round++);
  await shop.batch("EXEC sys.sp_standin_capture 'start'");
  await eventually(() => expect(running.capture.status().state).toBe('streaming'), { timeoutMs: 60_000 });
  await shop.batch(`INSERT INTO dbo.QUIET (ID) VALUES (${round})`);
  const last = `dbo.QUIET/${round}`;
  await eventually(() => expect(running.sink.written.map(keyOf)).toContain(last), { timeoutMs: 30_000 });
  await running.stop();
  checkForward(running.sink.written);
  await checkEnd(running.sink.written);
}

describe('a snapshot beside a capture job that is late, while rows change under it', { timeout: 120_000 }, () => {
  test.each(['snapshot', 'read-committed'] as const)('never takes a key back under %s', readBesideDelayedJob);

  test('falls back to READ COMMITTED for a login that may not see its own transaction', async () => {
    const master = await openDatabase({ ...source('sa', standin.saPassword), database: 'master' });
    await master.batch('REVOKE VIEW SERVER STATE FROM reader');
    await master.close();
    await readBesideDelayedJob('auto');
  });

  test('needs no more than time for a login that may not see the log scans either', async () => {
    await shop.batch('REVOKE VIEW DATABASE STATE FROM reader');
    const running = start('auto');
    // Each commit that is captured proves what was read before it.
    await eventually(
      async () => {
        await work(shop, round++);
        expect(running.capture.status().state).toBe('streaming');
      },
      { timeoutMs: 60_000 },
    );
    await shop.batch(`INSERT INTO dbo.QUIET (ID) VALUES (${++round})`);
    const last = `dbo.QUIET/${round}`;
    await eventually(() => expect(running.sink.written.map(keyOf)).toContain(last), { timeoutMs: 30_000 });
    await running.stop();
    checkForward(running.sink.written);
    await checkEnd(running.sink.written);
  });
});
