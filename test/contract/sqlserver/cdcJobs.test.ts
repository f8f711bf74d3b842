import { describe, expect, test } from 'vitest';
import { eventually } from '#test/support/eventually.ts';
import { expectReply, type SqlCase, sqlCases } from './support/cases.ts';
import { captured, caughtUp, enableTable, one } from './support/cdc.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer([
  'EXEC sys.sp_cdc_enable_db',
  'CREATE TABLE dbo.T (id int NOT NULL CONSTRAINT PK_T PRIMARY KEY, v int NULL, note varchar(5) NULL)',
  enableTable('T'),
]);

const jobs = (
  kind: string,
  columns: string,
): string => `DECLARE @jobs TABLE (job_id uniqueidentifier, job_type nvarchar(20), job_name sysname, maxtrans int, maxscans int, continuous bit, pollinginterval bigint, retention bigint, threshold bigint);
  INSERT INTO @jobs EXEC sys.sp_cdc_help_jobs; SELECT ${columns} FROM @jobs WHERE job_type = '${kind}'`;

const JOBS: readonly SqlCase[] = [
  {
    name: 'the first table of a database makes both jobs with the documented settings',
    source: 'sys.sp_cdc_add_job (Transact-SQL)',
    batch: `${jobs('capture', 'job_name, maxtrans, maxscans, continuous, CONVERT(int, pollinginterval)')}`,
    rows: [[`cdc.${server.database}_capture`, 500, 10, true, 5]],
  },
  {
    name: 'clean-up keeps three days',
    source: 'sys.sp_cdc_add_job (Transact-SQL)',
    batch: jobs('cleanup', 'CONVERT(int, retention), CONVERT(int, threshold)'),
    rows: [[4320, 5000]],
  },
  {
    name: 'settings are changed by sp_cdc_change_job',
    source: 'sys.sp_cdc_change_job (Transact-SQL)',
    batch: `EXEC sys.sp_cdc_change_job @job_type = N'cleanup', @retention = 100; ${jobs('cleanup', 'CONVERT(int, retention)')}`,
    rows: [[100]],
  },
  {
    name: 'the settings of all databases stand in msdb',
    source: 'dbo.cdc_jobs (Transact-SQL)',
    batch:
      "SELECT job_type, continuous, CONVERT(int, pollinginterval) FROM msdb.dbo.cdc_jobs WHERE database_id = DB_ID() AND job_type = N'capture'",
    rows: [['capture', true, 5]],
  },
];

sqlCases(server, 'jobs', JOBS);

async function minimum(): Promise<unknown> {
  const session = await server.open();
  try {
    return await one(session, "SELECT CONVERT(varchar(30), sys.fn_cdc_get_min_lsn('dbo_T'), 1)");
  } finally {
    await session.close();
  }
}

describe('clean-up', () => {
  test('sp_cdc_cleanup_change_table raises the minimum and drops what lies below [sys.sp_cdc_cleanup_change_table (Transact-SQL)]', async () => {
    await captured(server, 'dbo_T', 'id', 'INSERT INTO dbo.T VALUES (1, 1, NULL)');
    await captured(server, 'dbo_T', 'id', 'INSERT INTO dbo.T VALUES (2, 2, NULL)');
    const session = await server.open();
    try {
      const mark = await one(session, 'SELECT CONVERT(varchar(30), MAX(__$start_lsn), 1) FROM cdc.dbo_T_CT');
      const old = await minimum();
      await server.must(
        `DECLARE @mark binary(10) = ${mark}; EXEC sys.sp_cdc_cleanup_change_table N'dbo_T', @mark, 5000`,
      );
      expect(await minimum()).toBe(mark);
      expectReply(await session.run('SELECT id FROM cdc.dbo_T_CT'), { rows: [[2]] });
      expectReply(
        await session.run(
          `DECLARE @to binary(10) = sys.fn_cdc_get_max_lsn(); SELECT * FROM cdc.fn_cdc_get_all_changes_dbo_T(${old}, @to, N'all')`,
        ),
        { errors: [313] },
      );
      expectReply(await session.run("EXEC sys.sp_cdc_cleanup_change_table N'dbo_T', 0x00000000000000000001, 5000"), {
        errors: [22964],
      });
    } finally {
      await session.close();
    }
  });
});

describe('two capture instances', () => {
  test('the second has the new column, both have later rows, ddl_history tells of the change [About change data capture (SQL Server)]', async () => {
    await server.must('ALTER TABLE dbo.T ADD extra int NULL');
    await caughtUp(server);
    await server.must(enableTable('T', "@capture_instance = N'dbo_T2'"));
    await server.must('INSERT INTO dbo.T VALUES (10, 10, NULL, 99)');
    await caughtUp(server);
    const session = await server.open();
    try {
      expectReply(
        await session.run('SELECT id, extra FROM cdc.dbo_T2_CT; SELECT COUNT(*) FROM cdc.dbo_T_CT WHERE id = 10'),
        { sets: [[[10, 99]], [[1]]] },
      );
      expectReply(
        await session.run("SELECT IIF(sys.fn_cdc_get_min_lsn('dbo_T2') > sys.fn_cdc_get_min_lsn('dbo_T'), 1, 0)"),
        { rows: [[1]] },
      );
      const history = await eventually(
        async () => {
          const { sets } = await session.run(
            "SELECT required_column_update, ddl_command FROM cdc.ddl_history WHERE source_object_id = OBJECT_ID('dbo.T') AND ddl_command LIKE '%extra%'",
          );
          if (sets[0]!.length === 0) throw new Error('the change of the table is not in ddl_history');
          return sets[0]!;
        },
        { timeoutMs: 60_000 },
      );
      expect(history[0]).toEqual([false, expect.stringContaining('ADD extra int NULL')]);
      await server.must("EXEC sys.sp_cdc_disable_table N'dbo', N'T', N'dbo_T'");
      expectReply(
        await session.run("SELECT capture_instance FROM cdc.change_tables WHERE source_object_id = OBJECT_ID('dbo.T')"),
        { rows: [['dbo_T2']] },
      );
    } finally {
      await session.close();
    }
  });

  test('a wider captured column widens the change table [About change data capture (SQL Server)]', async () => {
    await server.must('ALTER TABLE dbo.T ALTER COLUMN note varchar(50) NULL');
    await server.must("INSERT INTO dbo.T (id, note) VALUES (20, 'longer than five')");
    await caughtUp(server);
    const session = await server.open();
    try {
      expectReply(await session.run('SELECT note FROM cdc.dbo_T2_CT WHERE id = 20'), { rows: [['longer than five']] });
      expectReply(await session.run("SELECT COL_LENGTH('cdc.dbo_T2_CT', 'note')"), { rows: [[50]] });
      expectReply(
        await session.run(
          "SELECT COUNT(*) FROM cdc.ddl_history WHERE required_column_update = 1 AND ddl_command LIKE '%note%'",
        ),
        { rows: [[1]] },
      );
    } finally {
      await session.close();
    }
  });

  test('the scan sessions tell what was read [sys.dm_cdc_log_scan_sessions (Transact-SQL)]', async () => {
    const session = await server.open();
    try {
      const { sets, errors } = await session.run(
        'SELECT TOP (1) IIF(tran_count >= 1, 1, 0), LEN(start_lsn) FROM sys.dm_cdc_log_scan_sessions WHERE session_id <> 0 AND tran_count > 0',
      );
      expect(errors).toEqual([]);
      expect(sets).toEqual([[[1, 22]]]);
    } finally {
      await session.close();
    }
  });
});
