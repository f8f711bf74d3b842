import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '#test/support/eventually.ts';
import { openSession, type ScriptSession, startServer } from '../engine/scriptSession.ts';

let session: ScriptSession;

beforeEach(async () => {
  session = await openSession(startServer());
  await ok('EXEC sys.sp_cdc_enable_db; CREATE TABLE dbo.A (ID int PRIMARY KEY)');
  await ok("EXEC sys.sp_cdc_enable_table 'dbo', 'A', @role_name = NULL");
  await eventually(async () => expect(await ok('SELECT sys.fn_cdc_get_max_lsn()')).not.toEqual(['NULL']), {
    timeoutMs: 5000,
  });
});

afterEach(async () => {
  await session.close();
});

async function ok(sql: string): Promise<string[]> {
  const { errors, rows } = await session.run(sql);
  expect(errors).toEqual([]);
  return rows;
}

async function error(sql: string, by = session): Promise<number | undefined> {
  return (await by.run(sql)).errors[0]?.number;
}

async function captured(): Promise<string[]> {
  return ok('SELECT ID FROM cdc.dbo_A_CT ORDER BY __$start_lsn, __$command_id');
}

async function untilCaptured(...ids: string[]): Promise<void> {
  await eventually(async () => expect(await captured()).toEqual(ids), { timeoutMs: 5000 });
}

/** Rounds of the capture job so far, empty ones included. */
async function scans(): Promise<number> {
  const [count] = await ok('SELECT SUM(empty_scan_count) FROM sys.dm_cdc_log_scan_sessions WHERE session_id > 0');
  return Number(count);
}

describe('the jobs', () => {
  it('capture nothing while stopped and everything when started', async () => {
    await ok("EXEC sys.sp_cdc_stop_job 'capture'; INSERT dbo.A VALUES (1)");
    expect(await captured()).toEqual([]);
    await ok("EXEC sys.sp_cdc_start_job 'capture'");
    await untilCaptured('1');
  });

  it('keep to a polling interval that was set, from the next start on', async () => {
    await ok("EXEC sys.sp_cdc_change_job 'capture', @pollinginterval = 3600; INSERT dbo.A VALUES (1)");
    await untilCaptured('1');
    await ok('EXEC sys.sp_cdc_stop_job; EXEC sys.sp_cdc_start_job');
    await ok('INSERT dbo.A VALUES (2)');
    expect(await captured()).toEqual(['1']);
    expect(await ok('EXEC sys.sp_cdc_help_jobs')).toContainEqual(expect.stringContaining('|3600|'));
    await ok('EXEC sys.sp_cdc_scan');
    expect(await captured()).toEqual(['1', '2']);
  });

  it('run once when they are not continuous', async () => {
    await ok(
      "EXEC sys.sp_cdc_stop_job; EXEC sys.sp_cdc_change_job 'capture', @continuous = 0; INSERT dbo.A VALUES (1)",
    );
    await ok('EXEC sys.sp_cdc_start_job');
    await untilCaptured('1');
    await ok('INSERT dbo.A VALUES (2)');
    expect(await captured()).toEqual(['1']);
  });

  it('are missed by name when they do not exist, and come back by sp_cdc_add_job alone', async () => {
    await ok("EXEC sys.sp_cdc_drop_job 'capture'; INSERT dbo.A VALUES (1)");
    expect(await error("EXEC sys.sp_cdc_start_job 'capture'")).toBe(14262);
    expect(await error("EXEC sys.sp_cdc_change_job 'capture', @maxtrans = 1")).toBe(14262);
    await ok("CREATE TABLE dbo.B (ID int); EXEC sys.sp_cdc_enable_table 'dbo', 'B', @role_name = NULL");
    expect(await captured()).toEqual([]);
    await ok("EXEC sys.sp_cdc_add_job 'capture'");
    await untilCaptured('1');
  });

  it('clean up by retention when the clean-up job is started, and raise the low-water mark', async () => {
    await ok("EXEC sys.sp_cdc_change_job 'cleanup', @retention = 1; INSERT dbo.A VALUES (1)");
    await untilCaptured('1');
    const before = await ok("SELECT sys.fn_cdc_get_min_lsn('dbo_A')");
    await ok("EXEC sys.sp_cdc_start_job 'cleanup'");
    expect(await captured()).toEqual(['1']);
    expect(await ok("SELECT sys.fn_cdc_get_min_lsn('dbo_A')")).toEqual(before);
  });
});

describe('the knobs', () => {
  it('hold the capture job back without stopping it', async () => {
    await ok("EXEC sys.sp_standin_capture 'stop'; INSERT dbo.A VALUES (1)");
    expect(await captured()).toEqual([]);
    await ok("EXEC sys.sp_standin_capture 'start'");
    await untilCaptured('1');
  });

  it('slow capture down to commits of a given age', async () => {
    await ok("EXEC sys.sp_standin_capture 'slow', 3600000; INSERT dbo.A VALUES (1)");
    const before = await scans();
    await eventually(async () => expect(await scans()).toBeGreaterThan(before + 3), { timeoutMs: 5000 });
    expect(await captured()).toEqual([]);
    await ok("EXEC sys.sp_standin_capture 'slow', 1");
    await untilCaptured('1');
  });

  it('clean up now: only the newest transaction stays', async () => {
    for (const id of [1, 2, 3]) await ok(`INSERT dbo.A VALUES (${id}); WAITFOR DELAY '00:00:00.010'`);
    await untilCaptured('1', '2', '3');
    await ok('EXEC sys.sp_standin_cleanup 0');
    expect(await captured()).toEqual(['3']);
    const [min, lowest, mapped] = (
      await ok(
        "SELECT sys.fn_cdc_get_min_lsn('dbo_A'), MIN(c.__$start_lsn), (SELECT MIN(start_lsn) FROM cdc.lsn_time_mapping) FROM cdc.dbo_A_CT c",
      )
    )[0]!.split('|');
    expect(min).toBe(lowest);
    expect(mapped).toBe(lowest);
  });

  it('fail over: the jobs are absent, places in the log go on, nothing committed is lost', async () => {
    await ok('INSERT dbo.A VALUES (1)');
    await untilCaptured('1');
    const [before] = await ok('SELECT sys.fn_cdc_get_max_lsn()');
    await ok('EXEC sys.sp_standin_failover; INSERT dbo.A VALUES (2)');
    expect(await ok('EXEC sys.sp_cdc_help_jobs')).toEqual([]);
    expect(await captured()).toEqual(['1']);
    await ok("EXEC sys.sp_cdc_add_job 'capture'; EXEC sys.sp_cdc_add_job 'cleanup'");
    await untilCaptured('1', '2');
    const [after] = await ok('SELECT sys.fn_cdc_get_max_lsn()');
    expect(after! > before!).toBe(true);
  });

  it('are for sysadmin only', async () => {
    await ok(
      "CREATE LOGIN other WITH PASSWORD = 'Other-1'; CREATE USER other FOR LOGIN other; ALTER ROLE db_owner ADD MEMBER other",
    );
    for (const call of ["sys.sp_standin_capture 'stop'", 'sys.sp_standin_cleanup', 'sys.sp_standin_failover'])
      expect(await error(`EXECUTE AS LOGIN = 'other'; EXEC ${call}; REVERT`)).toBe(229);
    expect(await error("REVERT; EXECUTE AS LOGIN = 'other'; KILL 51")).toBe(6102);
  });
});

describe('KILL', () => {
  it('knows its own session, sessions that are not there and numbers that are none', async () => {
    const [spid] = await ok('SELECT @@SPID');
    expect(await error(`KILL ${spid}`)).toBe(6104);
    expect(await error('KILL 31000')).toBe(6106);
    expect(await error('KILL 0')).toBe(6101);
  });
});
