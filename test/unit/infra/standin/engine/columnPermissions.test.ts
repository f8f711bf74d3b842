import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EngineClient, type EngineUnderTest, startEngine } from '#test/support/standinEngine.ts';

const PASSWORD = 'Shop-Password-1';
let engine: EngineUnderTest;
let sa: EngineClient;
let clerk: EngineClient;

beforeEach(async () => {
  engine = startEngine();
  sa = await engine.connect();
  const scripts = [
    'CREATE TABLE dbo.STAFF (ID int NOT NULL PRIMARY KEY, NAME varchar(20) NOT NULL, PAY money NULL)',
    "INSERT dbo.STAFF VALUES (1, 'Ann', 10), (2, 'Bob', 20)",
    `CREATE LOGIN clerk WITH PASSWORD = '${PASSWORD}'`,
    'CREATE USER clerk FOR LOGIN clerk',
  ];
  for (const script of scripts) expect((await sa.run(script)).errors).toEqual([]);
  clerk = await engine.connect('clerk', PASSWORD);
});
afterEach(() => engine.close());

test('SELECT on some columns reads those, counts rows, and meets 230 for the others wherever they are used', async () => {
  await sa.run('GRANT SELECT ON dbo.STAFF (ID, NAME) TO clerk');
  expect(await clerk.rows('SELECT NAME FROM dbo.STAFF WHERE ID = 2')).toEqual([{ NAME: 'Bob' }]);
  expect(await clerk.rows('SELECT COUNT(*) AS N FROM dbo.STAFF')).toEqual([{ N: 2 }]);
  expect((await clerk.run('SELECT * FROM dbo.STAFF')).errors).toMatchObject([
    {
      number: 230,
      severity: 14,
      text: "The SELECT permission was denied on the column 'PAY' of the object 'STAFF', database 'SHOP', schema 'dbo'.",
    },
  ]);
  expect(await clerk.errorOf('SELECT ID FROM dbo.STAFF WHERE PAY > 5')).toBe(230);
  expect(await clerk.errorOf('SELECT ID FROM dbo.STAFF ORDER BY PAY')).toBe(230);
  expect(await clerk.errorOf('SELECT 1 AS X WHERE EXISTS (SELECT 1 FROM dbo.STAFF s WHERE s.PAY IS NULL)')).toBe(230);
  await sa.run('REVOKE SELECT ON dbo.STAFF (ID, NAME) FROM clerk');
  expect(await clerk.errorOf('SELECT NAME FROM dbo.STAFF')).toBe(229);
});

test('UPDATE of columns needs the right to those written and SELECT on those read', async () => {
  await sa.run('GRANT UPDATE (NAME) ON dbo.STAFF TO clerk');
  expect(await clerk.errorOf("UPDATE dbo.STAFF SET NAME = 'x'")).toBe(0);
  expect(await clerk.errorOf('UPDATE dbo.STAFF SET PAY = 0')).toBe(230);
  expect(await clerk.errorOf("UPDATE dbo.STAFF SET NAME = NAME + '!'")).toBe(229);
  expect(await clerk.errorOf("UPDATE dbo.STAFF SET NAME = 'y' OUTPUT inserted.NAME")).toBe(229);
  await sa.run('GRANT SELECT (ID) ON dbo.STAFF TO clerk');
  expect(await clerk.errorOf("UPDATE dbo.STAFF SET NAME = 'z' WHERE ID = 1")).toBe(0);
  expect(await clerk.errorOf("UPDATE dbo.STAFF SET NAME = 'z' WHERE PAY = 1")).toBe(230);
});

test('a DENY on a column cuts it out of a GRANT on the table; a GRANT on a column outlives a DENY on the table', async () => {
  await sa.run('GRANT SELECT ON dbo.STAFF TO clerk');
  await sa.run('DENY SELECT ON dbo.STAFF (PAY) TO clerk');
  expect(await clerk.errorOf('SELECT ID, NAME FROM dbo.STAFF')).toBe(0);
  expect(await clerk.errorOf('SELECT PAY FROM dbo.STAFF')).toBe(230);
  await sa.run('DENY SELECT ON dbo.STAFF TO clerk');
  await sa.run('GRANT SELECT ON dbo.STAFF (ID) TO clerk');
  expect(await clerk.errorOf('SELECT ID FROM dbo.STAFF')).toBe(0);
  expect(await clerk.errorOf('SELECT NAME FROM dbo.STAFF')).toBe(230);
  await sa.run('GRANT SELECT ON dbo.STAFF TO clerk');
  expect(await clerk.errorOf('SELECT * FROM dbo.STAFF')).toBe(0);
});

test('columns of a view have rights of their own', async () => {
  await sa.run('CREATE VIEW dbo.PEOPLE AS SELECT ID, NAME, PAY FROM dbo.STAFF');
  await sa.run('GRANT SELECT ON dbo.PEOPLE (NAME) TO clerk');
  expect(await clerk.errorOf('SELECT NAME FROM dbo.PEOPLE')).toBe(0);
  expect(await clerk.errorOf('SELECT PAY FROM dbo.PEOPLE')).toBe(230);
});

test('the catalog and the functions show permissions of columns', async () => {
  await sa.run('GRANT SELECT ON dbo.STAFF (NAME) TO clerk');
  expect(
    await sa.rows(
      "SELECT minor_id, permission_name FROM sys.database_permissions WHERE major_id = OBJECT_ID('dbo.STAFF')",
    ),
  ).toEqual([{ minor_id: 2, permission_name: 'SELECT' }]);
  expect(
    await clerk.rows(
      "SELECT subentity_name AS C, permission_name AS P FROM fn_my_permissions('dbo.STAFF', 'OBJECT') ORDER BY 1, 2",
    ),
  ).toEqual([{ C: 'NAME', P: 'SELECT' }]);
  expect(
    await clerk.rows(
      `SELECT HAS_PERMS_BY_NAME('dbo.STAFF', 'OBJECT', 'SELECT') AS T,
        HAS_PERMS_BY_NAME('dbo.STAFF', 'OBJECT', 'SELECT', 'NAME', 'COLUMN') AS N,
        HAS_PERMS_BY_NAME('dbo.STAFF', 'OBJECT', 'SELECT', 'PAY', 'COLUMN') AS P`,
    ),
  ).toEqual([{ T: 0, N: 1, P: 0 }]);
});

test('only SELECT, UPDATE and REFERENCES take columns, and only those of the table', async () => {
  expect(await sa.errorOf('GRANT INSERT ON dbo.STAFF (NAME) TO clerk')).toBe(1020);
  expect(await sa.errorOf('GRANT SELECT ON dbo.STAFF (NOPE) TO clerk')).toBe(1911);
});
