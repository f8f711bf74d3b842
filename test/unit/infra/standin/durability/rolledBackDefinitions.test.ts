import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createServer, type StandinServer } from '#infra/standin/engine/server.ts';
import { tempFolder } from '#test/support/tempFolder.ts';
import { openSession } from '../engine/scriptSession.ts';

const open: StandinServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

function start(directory: string): StandinServer {
  const onFailure = (error: Error): never => {
    throw error;
  };
  const data = { directory, onFailure };
  const server = createServer({ saPassword: 'Secret-1', captureIntervalMs: 10, databases: ['T'], data });
  open.push(server);
  return server;
}

it('keeps the rows of tables whose DROP or ALTER was rolled back', async () => {
  const directory = tempFolder();
  const server = start(directory);
  await server.markInitialised();
  const session = await openSession(server);
  const other = await session.another();
  const ok = async (who: typeof session, sql: string): Promise<string[]> => {
    const { errors, rows } = await who.run(sql);
    expect(errors).toEqual([]);
    return rows;
  };
  await ok(
    session,
    'CREATE TABLE dbo.A (ID int PRIMARY KEY); CREATE TABLE dbo.B (ID int PRIMARY KEY, X int); CREATE TABLE dbo.C (ID int)',
  );
  await ok(session, 'INSERT dbo.A VALUES (1), (2); INSERT dbo.B VALUES (1, 10)');
  await ok(session, 'BEGIN TRAN; DROP TABLE dbo.A; ALTER TABLE dbo.B ADD Y int NULL');
  // Another session's commit brings the log on disk up to date.
  await ok(other, 'INSERT dbo.C VALUES (1)');
  await ok(session, 'UPDATE dbo.B SET Y = 5; ROLLBACK');
  await ok(other, 'INSERT dbo.C VALUES (2)');
  const copy = tempFolder();
  for (const name of readdirSync(directory)) if (name.endsWith('.log')) cpSync(join(directory, name), join(copy, name));
  const restarted = await openSession(start(copy));
  expect(await ok(restarted, 'SELECT ID FROM dbo.A ORDER BY ID')).toEqual(['1', '2']);
  expect(await ok(restarted, 'SELECT * FROM dbo.B')).toEqual(['1|10']);
  expect(await ok(restarted, 'SELECT ID FROM dbo.C ORDER BY ID')).toEqual(['1', '2']);
});
