import { expect, test } from 'vitest';
import { Capture } from '#connectors/capture/capture.ts';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { FaultySink } from '#test/support/captureRun.ts';
import { captureSettings } from '#test/support/captureSettings.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { eventually } from '#test/support/eventually.ts';
import { startStandin } from '#test/support/standinProcess.ts';

const TABLES = 200;
const name = (i: number): string => `T${String(i).padStart(3, '0')}`;

const SCRIPT = `
CREATE DATABASE MANY;
GO
ALTER DATABASE MANY SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
USE MANY;
GO
EXEC sys.sp_cdc_enable_db;
GO
${Array.from(
  { length: TABLES },
  (_, i) => `CREATE TABLE dbo.${name(i)} (ID int NOT NULL PRIMARY KEY, V int NOT NULL);
GO
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'${name(i)}', @role_name = NULL, @supports_net_changes = 0;
GO`,
).join('\n')}
`;

test('of 200 tables 199 idle ones cost nothing: one statement a poll, a page and its commit times for the busy one', {
  timeout: 120_000,
}, async () => {
  const standin = await startStandin({ scripts: [SCRIPT], args: ['--capture-interval', '20'] });
  const source = databaseOptions(standin, 'MANY');
  const shop = await openDatabase(source);
  const sink = new FaultySink(() => 'none');
  let polls = 0;
  let working = 0;
  const capture = new Capture({
    openSource: () => openDatabase(source),
    sink,
    log: silentLogger,
    settings: captureSettings({ database: 'MANY', tables: ['dbo.*'], pollIntervalMs: 20, maxPollIntervalMs: 40 }),
    observer: {
      notify: () => undefined,
      progress: ({ wrote }) => {
        polls++;
        if (wrote) working++;
      },
    },
  });
  const stop = new AbortController();
  const running = capture.run(stop.signal);
  try {
    await eventually(() => expect(capture.status().state).toBe('streaming'), { timeoutMs: 90_000 });
    const before = { queries: capture.status().queries, polls, working };
    for (let n = 0; polls < before.polls + 30; n++) {
      await shop.batch(`INSERT INTO dbo.${name(7)} (ID, V) VALUES (${n}, ${n})`);
      await eventually(() => expect(capture.status().changes).toBe(n + 1), { timeoutMs: 20_000 });
    }
    const asked = capture.status().queries - before.queries;
    const [polled, worked] = [polls - before.polls, working - before.working];
    expect(worked).toBeGreaterThan(5);
    expect(asked).toBeGreaterThanOrEqual(polled);
    // Two more for each poll that found something; and what is looked at by the minute.
    expect(asked).toBeLessThanOrEqual(polled + 2 * (worked + 2) + 15);
  } finally {
    stop.abort();
    await running;
    await shop.close();
    await standin.stop();
  }
});
