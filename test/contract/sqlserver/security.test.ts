import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Expected, expectReply } from './support/cases.ts';
import { caughtUp } from './support/cdc.ts';
import { type Session, useContractServer } from './support/server.ts';

const LOGIN = `reader_${randomUUID().slice(0, 8)}`;
const PASSWORD = `Pw!${randomUUID()}`;

const plain = useContractServer();
const server = useContractServer([
  `CREATE LOGIN ${LOGIN} WITH PASSWORD = N'${PASSWORD}', CHECK_POLICY = OFF; CREATE USER ${LOGIN} FOR LOGIN ${LOGIN}`,
  "EXEC('CREATE SCHEMA api AUTHORIZATION dbo')",
  'CREATE TABLE dbo.T (id int NOT NULL CONSTRAINT PK_T PRIMARY KEY, v int NULL, secret varchar(10) NULL)',
  "INSERT INTO dbo.T VALUES (1, 10, 's')",
  'CREATE PROCEDURE api.Read1 AS SELECT v FROM dbo.T WHERE id = 1',
  "CREATE PROCEDURE api.ReadByText AS EXEC('SELECT v FROM dbo.T WHERE id = 1')",
  "CREATE PROCEDURE api.ReadAsOwner WITH EXECUTE AS OWNER AS EXEC('SELECT v FROM dbo.T WHERE id = 1'); SELECT ORIGINAL_LOGIN()",
  'CREATE VIEW api.Names AS SELECT id FROM dbo.T',
  'CREATE TYPE api.IDS AS TABLE (id int)',
  'CREATE PROCEDURE api.TakeIds @ids api.IDS READONLY AS SELECT COUNT(*) FROM @ids',
  'EXEC sys.sp_cdc_enable_db',
  "EXEC sys.sp_cdc_enable_table N'dbo', N'T', @role_name = N'gate', @supports_net_changes = 1",
]);

let user: Session;
beforeAll(async () => {
  user = await server.open({ user: LOGIN, password: PASSWORD });
});
afterAll(async () => {
  await user?.close();
  await server.must(`DROP USER ${LOGIN}; DROP LOGIN ${LOGIN}`);
});

interface SecurityCase extends Expected {
  readonly name: string;
  readonly source: string;
  /** As sa before, with {} for the user. */
  readonly grant?: string;
  /** As the user. */
  readonly run: string;
  /** As sa afterwards. */
  readonly revoke?: string;
}

const PERMISSIONS = 'GRANT Object Permissions; GRANT Schema Permissions (Transact-SQL)';
const CHAINS = 'Ownership chains';
const COLUMNS = 'SELECT id, v FROM dbo.T';

const CASES: readonly SecurityCase[] = [
  {
    name: 'nothing is allowed without a grant: 229',
    source: PERMISSIONS,
    run: 'SELECT * FROM dbo.T',
    errors: [229],
    text: "The SELECT permission was denied on the object 'T'",
  },
  {
    name: 'a grant on the table',
    source: PERMISSIONS,
    grant: 'GRANT SELECT ON dbo.T TO {}',
    run: COLUMNS,
    rows: [[1, 10]],
    revoke: 'REVOKE SELECT ON dbo.T FROM {}',
  },
  {
    name: 'a grant on the schema',
    source: PERMISSIONS,
    grant: 'GRANT SELECT ON SCHEMA::dbo TO {}',
    run: COLUMNS,
    rows: [[1, 10]],
    revoke: 'REVOKE SELECT ON SCHEMA::dbo FROM {}',
  },
  {
    name: 'a grant on columns lets those be read: others are 230',
    source: PERMISSIONS,
    grant: 'GRANT SELECT ON dbo.T (id, v) TO {}',
    run: `${COLUMNS}; SELECT secret FROM dbo.T`,
    rows: [[1, 10]],
    errors: [230],
    revoke: 'REVOKE SELECT ON dbo.T (id, v) FROM {}',
  },
  {
    name: 'a role gives its members what it has',
    source: 'ALTER ROLE (Transact-SQL)',
    grant: 'CREATE ROLE readers; GRANT SELECT ON dbo.T TO readers; ALTER ROLE readers ADD MEMBER {}',
    run: COLUMNS,
    rows: [[1, 10]],
    revoke: 'ALTER ROLE readers DROP MEMBER {}; DROP ROLE readers',
  },
  {
    name: 'DENY goes before GRANT',
    source: 'DENY (Transact-SQL)',
    grant: 'GRANT SELECT ON SCHEMA::dbo TO {}; DENY SELECT ON dbo.T TO {}',
    run: COLUMNS,
    errors: [229],
    revoke: 'REVOKE SELECT ON SCHEMA::dbo FROM {}; REVOKE SELECT ON dbo.T FROM {}',
  },
  {
    name: 'INSERT, UPDATE and DELETE each need their own right',
    source: PERMISSIONS,
    grant: 'GRANT SELECT ON dbo.T TO {}',
    run: `BEGIN TRY EXEC('INSERT INTO dbo.T (id) VALUES (9)') END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH;
    BEGIN TRY EXEC('UPDATE dbo.T SET v = 1') END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH; BEGIN TRY EXEC('DELETE FROM dbo.T') END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH`,
    rows: [[229], [229], [229]],
    revoke: 'REVOKE SELECT ON dbo.T FROM {}',
  },
  { name: 'EXECUTE is needed for a procedure', source: PERMISSIONS, run: 'EXEC api.Read1', errors: [229] },
  {
    name: 'and is enough for what it does with tables of its owner',
    source: CHAINS,
    grant: 'GRANT EXECUTE ON SCHEMA::api TO {}',
    run: 'EXEC api.Read1',
    rows: [[10]],
  },
  {
    name: 'even when the table is denied',
    source: CHAINS,
    grant: 'DENY SELECT ON dbo.T TO {}',
    run: 'EXEC api.Read1',
    rows: [[10]],
    revoke: 'REVOKE SELECT ON dbo.T FROM {}',
  },
  { name: 'dynamic text breaks the chain: 229', source: CHAINS, run: 'EXEC api.ReadByText', errors: [229] },
  {
    name: 'EXECUTE AS OWNER mends it, ORIGINAL_LOGIN stays the caller',
    source: 'EXECUTE AS clause (Transact-SQL)',
    run: 'EXEC api.ReadAsOwner',
    rows: [[10], [LOGIN]],
  },
  {
    name: 'a view is a chain too',
    source: CHAINS,
    grant: 'GRANT SELECT ON api.Names TO {}',
    run: 'SELECT id FROM api.Names',
    rows: [[1]],
  },
  {
    name: 'a table type needs EXECUTE on its schema or itself',
    source: 'GRANT Type Permissions (Transact-SQL)',
    run: 'DECLARE @i api.IDS; INSERT INTO @i VALUES (1); EXEC api.TakeIds @i',
    rows: [[1]],
  },
  {
    name: 'CREATE TABLE needs its right: 262',
    source: 'GRANT Database Permissions (Transact-SQL)',
    run: 'CREATE TABLE dbo.MINE (id int)',
    errors: [262],
  },
  {
    name: 'temporary tables are free',
    source: 'CREATE TABLE (Transact-SQL): permissions',
    run: 'CREATE TABLE #mine (id int); INSERT INTO #mine VALUES (1); SELECT id FROM #mine',
    rows: [[1]],
  },
  {
    name: 'an object that may not be seen is not in the catalog',
    source: 'Metadata visibility configuration',
    run: "SELECT COUNT(*) FROM sys.tables WHERE name = 'T'; SELECT OBJECT_ID('dbo.T')",
    rows: [[0], [null]],
  },
  {
    name: 'HAS_PERMS_BY_NAME and IS_MEMBER tell',
    source: 'HAS_PERMS_BY_NAME; IS_MEMBER (Transact-SQL)',
    run: "SELECT HAS_PERMS_BY_NAME('api.Read1', 'OBJECT', 'EXECUTE'), IS_MEMBER('db_owner'), IS_SRVROLEMEMBER('sysadmin')",
    rows: [[1, 0, 0]],
  },
  {
    name: 'the shell of the operating system is denied to a user: 229',
    source: 'xp_cmdshell (Transact-SQL)',
    run: "EXEC xp_cmdshell 'dir'",
    errors: [229],
    text: "The EXECUTE permission was denied on the object 'xp_cmdshell', database 'mssqlsystemresource', schema 'sys'",
  },
  {
    name: 'a database without a user for the login is 916',
    source: 'MSSQLSERVER_916',
    run: `USE ${plain.database}`,
    errors: [916],
  },
  {
    name: 'state views need VIEW SERVER STATE: 300',
    source: 'sys.dm_server_services (Transact-SQL)',
    run: 'SELECT COUNT(*) FROM sys.dm_server_services',
    errors: [300, 297],
  },
  {
    name: 'capture procedures need db_owner',
    source: 'sys.sp_cdc_enable_table (Transact-SQL)',
    run: "BEGIN TRY EXEC sys.sp_cdc_disable_table N'dbo', N'T', N'all' END TRY BEGIN CATCH SELECT IIF(ERROR_NUMBER() > 0, 'refused', '') END CATCH",
    rows: [['refused']],
  },
];

describe('rights', () => {
  test.each(CASES)('$name [$source]', async ({ grant, run, revoke, ...wanted }) => {
    if (grant) await server.must(grant.replaceAll('{}', LOGIN));
    try {
      expectReply(await user.run(run), wanted);
    } finally {
      if (revoke) await server.must(revoke.replaceAll('{}', LOGIN));
    }
  });
});

describe('the gating role', () => {
  const WINDOW =
    'DECLARE @from binary(10) = (SELECT MIN(start_lsn) FROM cdc.lsn_time_mapping), @to binary(10) = sys.fn_cdc_get_max_lsn()';
  test('without it the minimum LSN is zero, with it and SELECT on the source changes are read [sys.fn_cdc_get_min_lsn (Transact-SQL)]', async () => {
    await server.must('UPDATE dbo.T SET v = 11 WHERE id = 1');
    await caughtUp(server);
    await server.must(`GRANT SELECT ON dbo.T TO ${LOGIN}`);
    const min = "SELECT sys.fn_cdc_get_min_lsn('dbo_T')";
    expectReply(await user.run(min), { rows: [['0x00000000000000000000']] });
    await server.must(`ALTER ROLE gate ADD MEMBER ${LOGIN}`);
    const [[lsn]] = (await user.run(min)).sets[0] as [[string]];
    expect(lsn).not.toBe('0x00000000000000000000');
    const read = `DECLARE @to binary(10) = sys.fn_cdc_get_max_lsn(); SELECT __$operation, v FROM cdc.fn_cdc_get_all_changes_dbo_T(${lsn}, @to, N'all')`;
    expectReply(await user.run(read), { rows: [[4, 11]] });
    await server.must(`ALTER ROLE gate DROP MEMBER ${LOGIN}`);
    expect((await user.run(read)).errors.map((error) => error.number)).toHaveLength(1);
    await server.must(`ALTER ROLE gate ADD MEMBER ${LOGIN}; REVOKE SELECT ON dbo.T FROM ${LOGIN}`);
    expect((await user.run(read)).errors.map((error) => error.number)).toHaveLength(1);
    await server.must(`ALTER ROLE gate DROP MEMBER ${LOGIN}`);
  });

  test('change tables themselves need SELECT only [Change data capture: permissions]', async () => {
    expectReply(await user.run('SELECT COUNT(*) FROM cdc.dbo_T_CT'), { errors: [229] });
    await server.must(`GRANT SELECT ON SCHEMA::cdc TO ${LOGIN}`);
    expectReply(
      await user.run(
        `${WINDOW}; SELECT COUNT(*) FROM cdc.dbo_T_CT WHERE __$start_lsn BETWEEN @from AND @to AND __$operation = 4`,
      ),
      { rows: [[1]] },
    );
    await server.must(`REVOKE SELECT ON SCHEMA::cdc FROM ${LOGIN}`);
  });
});

describe('logins', () => {
  test.each([
    ['a wrong password', LOGIN, 'wrong'],
    ['a login that is not there', `no_${LOGIN}`, PASSWORD],
  ])('%s is 18456 [MSSQLSERVER_18456]', async (_name, name, password) => {
    const failed = server.open({ user: name, password });
    await expect(failed).rejects.toMatchObject({
      message: expect.stringContaining(`Login failed for user '${name}'.`),
    });
  });

  test('a database that is not there ends the login [MSSQLSERVER_4060]', async () => {
    await expect(server.open({ user: LOGIN, password: PASSWORD, database: 'not_there' })).rejects.toMatchObject({
      message: expect.stringContaining('Login failed for user'),
    });
  });
});
