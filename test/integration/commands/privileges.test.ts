import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { assertMinimalLogin, loginFaults } from '#connectors/commands/gateways/loginCheck.ts';
import { grantedProcedures } from '#connectors/commands/model/grants.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { readLoginRights } from '#connectors/sqlserver/loginRights.ts';
import { sqlErrorNumber } from '#connectors/sqlserver/sqlErrors.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';

const PROCEDURES = grantedProcedures('2008');
/** Refused, not there for this login, or not open to it. */
const REFUSED = [208, 229, 230, 262, 300, 916, 2812, 15151, 15247, 15517];

let shop: CommandShop;
let own: Database;

const numberOf = async (text: string): Promise<number | undefined> =>
  own.query(text).then(
    () => undefined,
    (error: unknown) => sqlErrorNumber(error),
  );

beforeAll(async () => {
  shop = await createCommandShop(inject('stack').sqlserver!, 'epos');
  await shop.owner.batch("IF DB_ID(N'Neighbour') IS NULL CREATE DATABASE Neighbour;");
  own = await openDatabase(shop.commandOptions);
});

afterAll(async () => {
  await own?.close();
  await shop?.close();
});

describe("the command API's own login", () => {
  // 229, 230 permission on an object; 262 on the database; 916 another database; 1088 and its kind: not there, for this login.
  it.each([
    ['SELECT TOP (1) CUST_NO FROM dbo.CUSTOMER', 229],
    ["EXEC sp_executesql N'SELECT TOP (1) CUST_NO FROM dbo.CUSTOMER'", 229],
    ['SELECT TOP (1) COMMAND_ID FROM storefront.COMMAND', 229],
    ['SELECT TOP (1) NAME FROM storefront.DELIVERY_ADDRESS', 229],
    ["INSERT INTO dbo.DEPT (DEPT_CODE, DEPT_NAME) VALUES ('X', 'X')", 229],
    ['DELETE FROM storefront.COMMAND_AUDIT', 229],
    ["UPDATE dbo.STOCK SET QTY_ON_HAND = 1000 WHERE PROD_CODE = 'KETTLE1'", 229],
    ['DELETE FROM dbo.ORD_HDR', 229],
    ['TRUNCATE TABLE dbo.ORD_LINE', 229],
    ['SELECT TOP (1) __$start_lsn FROM cdc.dbo_STOCK_CT', 229],
    ['SELECT * FROM cdc.lsn_time_mapping', 229],
    ["SELECT * FROM cdc.fn_cdc_get_all_changes_dbo_STOCK(0x00000000000000000001, 0x00000000000000000002, N'all')", 229],
    ['EXEC storefront.FailCommand', 229],
    ["EXEC storefront.DoReleaseStock '1', '1', NULL, NULL, NULL, NULL", 229],
    ["SELECT storefront.IntOf('1')", 229],
    ["EXEC xp_cmdshell 'dir'", 229],
    ['CREATE TABLE dbo.MINE (A int)', 262],
    ['CREATE PROCEDURE storefront.Mine AS SELECT 1 AS one', 262],
    ['USE Neighbour', 916],
    ['SELECT name FROM Neighbour.sys.objects', 916],
    ['DROP TABLE dbo.ORD_LINE', 1088],
    ['ALTER TABLE dbo.PRODUCT ADD X int', 1088],
    ['GRANT SELECT ON dbo.CUSTOMER TO sluice_commands', 4613],
    ['ALTER ROLE db_owner ADD MEMBER sluice_commands', 15247],
    ["CREATE LOGIN other WITH PASSWORD = N'Str0ng!Passw0rd'", 15247],
    ["EXECUTE AS USER = 'dbo'", 15517],
    ["EXECUTE AS LOGIN = 'sa'", 15406],
    ['EXEC sys.sp_cdc_disable_db', 22902],
  ])('is refused %s with error %i', async (text, number) => {
    const before = await shop.fingerprint();
    expect(await numberOf(text)).toBe(number);
    expect(await shop.fingerprint()).toBe(before);
  });

  it('cannot run another procedure, in schema storefront or outside', async () => {
    await shop.owner.batch('CREATE PROCEDURE dbo.Other AS SELECT 1 AS one');
    await shop.owner.batch('CREATE PROCEDURE storefront.Other AS SELECT 1 AS one');
    expect(REFUSED).toContain(await numberOf('EXEC dbo.Other'));
    expect(REFUSED).toContain(await numberOf('EXEC storefront.Other'));
  });

  it('is found minimal by its own check', async () => {
    const faults = loginFaults(await readLoginRights(own), PROCEDURES);
    expect(faults).toEqual({ tooMuch: [], tooLittle: [] });
  });

  it('is found too powerful as soon as it can do more', async () => {
    await shop.owner.batch('GRANT SELECT ON dbo.CUSTOMER TO sluice_commands');
    const faults = loginFaults(await readLoginRights(own), PROCEDURES);
    expect(() => assertMinimalLogin('sluice_commands', faults)).toThrow('SELECT on dbo.CUSTOMER');
    await shop.owner.batch('REVOKE SELECT ON dbo.CUSTOMER FROM sluice_commands');
  });

  it('is a different case from sa, which is refused outright', async () => {
    const faults = loginFaults(await readLoginRights(shop.owner), PROCEDURES);
    expect(faults.tooMuch).toContain('member of sysadmin');
    expect(faults.tooMuch).toContain('member of db_owner');
  });
});
