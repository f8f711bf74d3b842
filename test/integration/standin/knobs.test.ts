import sql from 'mssql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { driverPool } from '#test/support/driverPool.ts';
import { eventually } from '#test/support/eventually.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';

let standin: StandinProcess;
let admin: sql.ConnectionPool;
let victim: sql.ConnectionPool;

const connect = () => driverPool(standin);

beforeAll(async () => {
  standin = await startStandin({
    scripts: ['USE SHOP\nGO\nCREATE TABLE dbo.ITEM (ID int PRIMARY KEY, QTY int)\nGO\nINSERT dbo.ITEM VALUES (1, 1)'],
    args: ['--database', 'SHOP'],
  });
  admin = await connect();
  victim = await connect();
});

afterAll(async () => {
  await victim.close();
  await admin.close();
  expect(await standin.stop()).toBe(0);
});

async function isOpen(spid: number): Promise<boolean> {
  const { recordset } = await admin.query(`SELECT session_id FROM sys.dm_exec_sessions WHERE session_id = ${spid}`);
  return recordset.length > 0;
}

it('KILL closes the connection of a session that waits, and rolls its transaction back', async () => {
  const transaction = new sql.Transaction(victim);
  transaction.on('rollback', () => {});
  await transaction.begin();
  const { recordset } = await new sql.Request(transaction).query<{ spid: number }>(
    'UPDATE dbo.ITEM SET QTY = 99; SELECT @@SPID AS spid',
  );
  const { spid } = recordset[0]!;
  const waiting = new sql.Request(transaction).query("WAITFOR DELAY '00:01:00'");
  const failed = expect(waiting).rejects.toThrow();
  await admin.query(`KILL ${spid}`);
  await failed;
  await transaction.rollback().catch(() => {});
  await eventually(async () => expect(await isOpen(spid)).toBe(false), { timeoutMs: 5000 });
  expect((await admin.query('SELECT QTY FROM dbo.ITEM')).recordset).toEqual([{ QTY: 1 }]);
});

it('a failover closes all other connections, and clients come back by connecting anew', async () => {
  const other = await connect();
  await other.query('SELECT 1 AS one');
  const failed = expect(other.query("WAITFOR DELAY '00:01:00'")).rejects.toThrow();
  await admin.query('EXEC sys.sp_standin_failover');
  await failed;
  await eventually(
    async () => expect((await other.query('SELECT QTY FROM dbo.ITEM')).recordset).toEqual([{ QTY: 1 }]),
    {
      timeoutMs: 10_000,
    },
  );
  await other.close();
});
