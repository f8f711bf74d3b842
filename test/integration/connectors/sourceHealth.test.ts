import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SourceMark } from '#connectors/capture/health.ts';
import type { SourceStateName } from '#connectors/capture/healthStates.ts';
import { SourceWatch } from '#connectors/capture/healthWatch.ts';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { lsnFromBuffer } from '#connectors/sqlserver/lsn.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import { CAPTURE_PASSWORD, CAPTURE_SHOP_SQL, work } from '#test/support/captureShop.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { eventually } from '#test/support/eventually.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';

/** Logins that see less: not the log scans, and nothing of the server. */
const BLIND_LOGIN = `
USE SHOP;
GO
CREATE LOGIN blind WITH PASSWORD = N'${CAPTURE_PASSWORD}';
GO
CREATE USER blind FOR LOGIN blind;
GO
GRANT SELECT ON SCHEMA::cdc TO blind;
GO
USE msdb;
GO
CREATE USER reader FOR LOGIN reader;
GO
GRANT SELECT TO reader;
GO`;
const NO_SIGNAL = new AbortController().signal;
const SEEN = `SELECT sys.fn_cdc_get_max_lsn(), (SELECT MAX(c.[__$start_lsn]) FROM cdc.[dbo_STOCK_CT] AS c)`;

let standin: StandinProcess;
let shop: Database;

const options = (user: string, password: string, port = standin.port): DatabaseOptions =>
  databaseOptions(standin, 'SHOP', { port, user, password, requestTimeoutMs: 10_000 });

beforeAll(async () => {
  standin = await startStandin({ scripts: [CAPTURE_SHOP_SQL + BLIND_LOGIN], args: ['--capture-interval', '20'] });
  shop = await openDatabase(options('sa', standin.saPassword));
});

afterAll(async () => {
  await shop.close();
  await standin.stop();
});

/** A capture's watch, and what a session of it does with it. */
class Watching {
  readonly heard: CaptureNotification[] = [];
  readonly watch = new SourceWatch({
    quietAfterMs: 250,
    jobSilenceMs: 600,
    checkIntervalMs: 40,
    loginRetryMs: 30_000,
    observer: { notify: (notification) => void this.heard.push(notification) },
  });
  statements = 0;
  #db!: Database;

  async begin(user = 'reader', stored: SourceMark | null = null, port = standin.port): Promise<this> {
    const db = await openDatabase(options(user, CAPTURE_PASSWORD, port));
    this.#db = {
      ...db,
      where: db.where,
      rows: (...args) => db.rows(...args),
      query: (...args) => {
        this.statements++;
        return db.query(...args);
      },
      close: () => db.close(),
    };
    await this.watch.begin(this.#db, stored, NO_SIGNAL);
    return this;
  }

  async poll(missing: readonly string[] = []): Promise<SourceStateName> {
    const [row] = await this.#db.rows(SEEN);
    const lsn = (value: unknown) => (value ? lsnFromBuffer(value as Buffer) : null);
    await this.watch.polled({ maxLsn: lsn(row?.[0]), newestLsn: lsn(row?.[1]), missing }, NO_SIGNAL);
    return this.watch.status().state;
  }

  async becomes(state: SourceStateName): Promise<void> {
    await eventually(async () => expect(await this.poll()).toBe(state), { timeoutMs: 20_000 });
  }

  end(): Promise<void> {
    return this.#db.close();
  }
}

describe('the health of the source', () => {
  test('a quiet source and one that changes are told apart, and changes cost no statement', async () => {
    const watching = await new Watching().begin();
    await watching.becomes('quiet');
    let n = 0;
    const asked = watching.statements;
    for (let polls = 0; polls < 12; polls++) {
      await eventually(async () => {
        await work(shop, n++);
        expect(await watching.poll()).toBe('changing');
      });
    }
    // The first change may find a look under way; a look at each poll would be twelve.
    expect(watching.statements - asked).toBeLessThan(4);
    await watching.becomes('quiet');
    expect(watching.heard).toEqual([]);
    await watching.end();
  });

  test.each([
    ['capture_job_stopped', 'EXEC sys.sp_cdc_stop_job', 'EXEC sys.sp_cdc_start_job'],
    ['capture_job_stopped', "EXEC sys.sp_standin_capture 'stop'", "EXEC sys.sp_standin_capture 'start'"],
    ['capture_job_failing', "EXEC sys.sp_standin_capture 'fail', @error = 2628", "EXEC sys.sp_standin_capture 'start'"],
    ['agent_down', "EXEC sys.sp_standin_agent 'stop'", "EXEC sys.sp_standin_agent 'start'"],
    [
      'capture_job_missing',
      "EXEC sys.sp_cdc_drop_job @job_type = N'capture'",
      "EXEC sys.sp_cdc_add_job @job_type = N'capture'",
    ],
  ] as const)('%s after %s, and well again', async (state, breakIt, mendIt) => {
    const watching = await new Watching().begin();
    await watching.becomes('quiet');
    await shop.batch(breakIt);
    try {
      await watching.becomes(state);
      expect(watching.watch.status()).toMatchObject({ severity: 'critical', remedy: expect.stringMatching(/./) });
      expect(watching.heard).toMatchObject([{ type: 'source_state', to: state, severity: 'critical' }]);
      if (state === 'capture_job_failing') expect(watching.watch.status().reason).toContain('2628');
    } finally {
      await shop.batch(mendIt);
    }
    await watching.becomes('quiet');
    expect(watching.heard.at(-1)).toMatchObject({ from: state, to: 'quiet', severity: 'ok' });
    await watching.end();
  });

  test('a login that may not see the log scans says that it cannot know', async () => {
    const watching = await new Watching().begin('blind');
    await watching.becomes('quiet_unproven');
    expect(watching.watch.status().hidden).toEqual(expect.arrayContaining(['scan', 'fault', 'agent', 'job']));
    await watching.end();
  });

  test('a dropped instance is named', async () => {
    const watching = await new Watching().begin();
    await eventually(async () => expect(await watching.poll(['dbo_QUIET'])).toBe('instance_dropped'));
    expect(watching.watch.status().reason).toContain('dbo_QUIET');
    await watching.end();
  });

  test('a failover is told with both names; the log is proved to continue, and missing jobs show', async () => {
    const first = await new Watching().begin();
    await first.becomes('quiet');
    const stored = first.watch.mark;
    await first.end();
    const ended = await openDatabase(options('sa', standin.saPassword));
    await ended.batch("EXEC sys.sp_standin_failover @server_name = N'NODE2'");
    await ended.close();
    const second = await new Watching().begin('reader', stored);
    expect(second.heard).toMatchObject([
      { type: 'source_state', to: expect.stringMatching(/failed_over|capture_job_missing/) },
    ]);
    await second.becomes('capture_job_missing');
    const admin = await openDatabase(options('sa', standin.saPassword));
    await admin.batch("EXEC sys.sp_cdc_add_job @job_type = N'capture'; EXEC sys.sp_cdc_add_job @job_type = N'cleanup'");
    await admin.close();
    await second.becomes('quiet');
    expect(second.watch.mark?.server).toBe('NODE2');
    await second.end();
    shop = await openDatabase(options('sa', standin.saPassword));
  });

  test('change data capture that is switched off shows, and what failed says whether to wait', async () => {
    const watching = await new Watching().begin();
    await watching.becomes('quiet');
    await shop.batch('EXEC sys.sp_cdc_disable_db');
    const failure = await watching.poll().catch((error: unknown) => error);
    expect(watching.watch.failed(failure)).toMatchObject({ waits: true });
    await watching.end();
    const again = await new Watching().begin('reader', watching.watch.mark);
    expect(again.watch.status()).toMatchObject({ state: 'cdc_disabled', severity: 'critical' });
    await again.end();
  });

  test('a revoked login and a server that is gone show as such', async () => {
    const watching = new Watching();
    await shop.batch('ALTER LOGIN reader DISABLE');
    const refused = await watching.begin().catch((error: unknown) => error);
    expect(watching.watch.failed(refused)).toEqual({ waits: true, pauseMs: 30_000 });
    expect(watching.watch.status().state).toBe('login_refused');
    await shop.batch('ALTER LOGIN reader ENABLE');
    const gone = await openDatabase({ ...options('reader', CAPTURE_PASSWORD), port: 9 }).catch((e: unknown) => e);
    watching.watch.failed(gone);
    expect(watching.watch.status().state).toBe('unreachable');
    expect(watching.heard).toMatchObject([{ to: 'login_refused' }, { from: 'login_refused', to: 'unreachable' }]);
  });
});

describe('a source that was restored', () => {
  const mark = async (port: number, stored: SourceMark | null): Promise<SourceMark> => {
    const watching = await new Watching().begin('reader', stored, port);
    await watching.becomes('quiet');
    await watching.end();
    return watching.watch.mark!;
  };

  test('stops the capture by name, at once and after it went on past the old place', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'restored-'));
    const [live, backup] = [join(folder, 'live'), join(folder, 'backup')];
    const args = (data: string) => ['--capture-interval', '20', '--data', data];
    const first = await startStandin({ scripts: [CAPTURE_SHOP_SQL], args: args(live) });
    const before = await mark(first.port, null);
    await first.stop();
    await cp(live, backup, { recursive: true });

    const second = await startStandin({ args: args(live) });
    const worker = await openDatabase(options('sa', second.saPassword, second.port));
    for (let n = 0; n < 5; n++) await work(worker, n);
    await worker.close();
    const after = await eventually(async () => {
      const found = await mark(second.port, before);
      expect(found.lsn > before.lsn).toBe(true);
      return found;
    });
    await second.stop();

    const restored = await startStandin({ args: args(backup) });
    await expect(new Watching().begin('reader', after, restored.port)).rejects.toMatchObject({
      code: 'CDC_SOURCE_REWOUND',
      message: expect.stringContaining(after.lsn),
      retriable: false,
    });
    expect(await mark(restored.port, before), 'what was captured before the backup is still there').toBeTruthy();
    const shopper = await openDatabase(options('sa', restored.saPassword, restored.port));
    for (let n = 0; n < 9; n++) await work(shopper, n);
    await shopper.close();
    await eventually(async () => {
      const found = await mark(restored.port, before);
      expect(found.lsn > after.lsn).toBe(true);
    });
    const stopped = new Watching();
    await expect(stopped.begin('reader', after, restored.port)).rejects.toMatchObject({ code: 'CDC_SOURCE_DIVERGED' });
    expect(stopped.heard).toMatchObject([
      { to: 'diverged', severity: 'critical', remedy: expect.stringContaining('topicPrefix') },
    ]);
    await restored.stop();
    await rm(folder, { recursive: true, force: true });
  });
});
