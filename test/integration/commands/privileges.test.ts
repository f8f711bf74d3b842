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
  own = await openDatabase(shop.commandOptions);
});

afterAll(async () => {
  await own?.close();
  await shop?.close();
});

describe("the command API's own login", () => {
  it.each([
    ['SELECT TOP (1) CUST_NO FROM dbo.CUSTOMER', 229],
    ['SELECT TOP (1) COMMAND_ID FROM storefront.COMMAND', 229],
    ["INSERT INTO dbo.DEPT (DEPT_CODE, DEPT_NAME) VALUES ('X', 'X')", 229],
    ["UPDATE dbo.STOCK SET QTY_ON_HAND = 1000 WHERE PROD_CODE = 'KETTLE1'", 229],
    ['DELETE FROM dbo.ORD_HDR', 229],
    ['SELECT TOP (1) __$start_lsn FROM cdc.dbo_STOCK_CT', 229],
  ])('is refused %s with error %i', async (text, number) => {
    const before = await shop.fingerprint();
    expect(await numberOf(text)).toBe(number);
    expect(await shop.fingerprint()).toBe(before);
  });

  it.each([
    'CREATE TABLE dbo.MINE (A int)',
    'DROP TABLE dbo.ORD_LINE',
    'ALTER TABLE dbo.PRODUCT ADD X int',
    'EXEC sys.sp_cdc_disable_db',
    "EXEC xp_cmdshell 'dir'",
    "EXECUTE AS USER = 'dbo'",
    'GRANT SELECT ON dbo.CUSTOMER TO sluice_commands',
    "CREATE LOGIN other WITH PASSWORD = N'Str0ng!Passw0rd'",
  ])('cannot %s', async (text) => {
    const before = await shop.fingerprint();
    expect(await numberOf(text)).toBeDefined();
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
