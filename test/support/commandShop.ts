import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import { type SqlServer, type SqlVariant, splitBatches, sqlScripts } from '#infra/sql/scripts.ts';
import { databaseOptions, type TestServer } from './databaseOptions.ts';

/** A small shop in a database of its own, with the storefront schema, both logins and CDC, as infra/sql sets them up. */
export interface CommandShop {
  readonly variant: SqlVariant;
  readonly name: string;
  /** As sysadmin: for looking at what commands did. */
  readonly owner: Database;
  /** How the command API connects. */
  readonly commandOptions: DatabaseOptions;
  readonly goods: Goods;
  /** Pieces on hand and promised of a sku, over all places a web order is served from. */
  stock(sku: string): Promise<{ onHand: number; reserved: number }>;
  setStock(sku: string, onHand: number): Promise<void>;
  /** Rows of the tables a command may write: orders, lines, commands, audit. */
  counts(): Promise<Record<string, number>>;
  /** A checksum-like text of everything a command may change but the answers kept for refusals. */
  fingerprint(): Promise<string>;
  /** Moves an order to picking, as the shop's own program does. */
  pick(orderId: string): Promise<void>;
  close(): Promise<void>;
}

/** What the test shop sells; amounts in full scale. */
export interface Goods {
  readonly customer: string;
  readonly otherCustomer: string;
  readonly currency: string;
  /** 100 pieces of each. */
  readonly kettle: { readonly sku: string; readonly price: string };
  readonly lamp: { readonly sku: string; readonly price: string };
  /** In the database, but not sold on the web. */
  readonly hidden: string;
}

const PATIENT = { connectTimeoutMs: 15_000 };

const demoFile = (path: string): string => readFileSync(new URL(`../../infra/demo/${path}`, import.meta.url), 'utf8');
const DATABASE_OF: Record<SqlVariant, string> = { epos: 'EPOS', adventureworks: 'AdventureWorks' };

/**
 * `sqlServer` chooses the procedures: those for 2005 come without CDC, which that version did not have. `alter` changes the texts of the
 * scripts, for tests that slow them down.
 */
export async function createCommandShop(
  server: TestServer,
  variant: SqlVariant,
  sqlServer: SqlServer = '2008',
  alter: (batch: string) => string = (batch) => batch,
): Promise<CommandShop> {
  const name = `${DATABASE_OF[variant]}_${randomBytes(4).toString('hex')}`;
  const password = `Pw-${randomBytes(12).toString('hex')}`;
  // One connection, so that USE holds for the batches after it.
  const setup = await openDatabase(databaseOptions(server, 'master', { ...PATIENT, maxConnections: 1 }));
  const renamed = (text: string): string =>
    text.replaceAll(new RegExp(`\\b(DATABASE|USE) ${DATABASE_OF[variant]}\\b`, 'g'), `$1 [${name}]`);
  const variables = { SluiceDatabase: name, SluiceCapturePassword: password, SluiceCommandsPassword: password };
  try {
    for (const login of ['sluice_capture', 'sluice_commands']) {
      await setup.batch(
        `IF EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'${login}') DROP LOGIN ${login};`,
      );
    }
    const scripts = [
      renamed(demoFile(`${variant}/schema.sql`)),
      SEED[variant],
      ...(sqlServer === '2008' ? [renamed(demoFile(`${variant}/cdc.sql`))] : []),
    ];
    for (const script of scripts) for (const batch of splitBatches(script)) await setup.batch(batch);
    for (const script of sqlScripts(variant, variables, sqlServer))
      for (const batch of script.batches) await setup.batch(alter(batch));
  } finally {
    await setup.close();
  }
  const owner = await openDatabase(databaseOptions(server, name, PATIENT));
  const login = { user: 'sluice_commands', password, maxConnections: 12 };
  const commandOptions = databaseOptions(server, name, { ...PATIENT, ...login });
  return shopOver(variant, name, owner, commandOptions);
}

function shopOver(variant: SqlVariant, name: string, owner: Database, commandOptions: DatabaseOptions): CommandShop {
  const sql = SQL[variant];
  return {
    variant,
    name,
    owner,
    commandOptions,
    goods: GOODS[variant],
    stock: async (sku) => (await owner.query<{ onHand: number; reserved: number }>(sql.stock(sku)))[0]!,
    setStock: (sku, onHand) => owner.batch(sql.setStock(sku, onHand)),
    counts: async () => (await owner.query<Record<string, number>>(sql.counts))[0]!,
    fingerprint: async () => JSON.stringify(await Promise.all(sql.everything.map((text) => owner.query(text)))),
    pick: (orderId) => owner.batch(sql.pick(orderId)),
    close: () => owner.close(),
  };
}

const GOODS: Record<SqlVariant, Goods> = {
  epos: {
    customer: '1',
    otherCustomer: '2',
    currency: 'GBP',
    kettle: { sku: 'KETTLE1', price: '9.9900' },
    lamp: { sku: 'LAMP1', price: '15.5000' },
    hidden: 'HIDDEN1',
  },
  adventureworks: {
    customer: '1',
    otherCustomer: '2',
    currency: 'USD',
    kettle: { sku: '771', price: '9.9900' },
    lamp: { sku: '772', price: '15.5000' },
    hidden: '773',
  },
};

/** The lamp is on promotion: its price is PRICE3. */
const SEED: Record<SqlVariant, string> = {
  epos: `
INSERT INTO dbo.VAT_RATE (VAT_CODE, RATE, DESCR) VALUES ('S', 20.00, 'Standard');
INSERT INTO dbo.DEPT (DEPT_CODE, DEPT_NAME) VALUES ('HOME', 'Home');
INSERT INTO dbo.SUPPLIER (SUPP_CODE, SUPP_NAME) VALUES ('ACME', 'Acme Ltd');
INSERT INTO dbo.BRANCH (BRANCH_NO, BRANCH_NAME, TOWN) VALUES (1, 'Warehouse', 'Leeds'), (2, 'High Street', 'York');
INSERT INTO dbo.PRODUCT (PROD_CODE, PROD_DESC, DEPT_CODE, DEPT_NAME, SUBDEPT_NAME, SUPP_CODE, PRICE1, PRICE2, PRICE3, VAT_CODE, WEB_FLAG) VALUES
  ('KETTLE1', 'Kettle', 'HOME', 'Home', 'Kitchen', 'ACME', 9.99, 7.00, NULL, 'S', 'Y');
INSERT INTO dbo.PRODUCT (PROD_CODE, PROD_DESC, DEPT_CODE, DEPT_NAME, SUBDEPT_NAME, SUPP_CODE, PRICE1, PRICE2, PRICE3, VAT_CODE, WEB_FLAG) VALUES
  ('LAMP1', 'Lamp', 'HOME', 'Home', 'Light', 'ACME', 20.00, 12.00, 15.50, 'S', 'Y');
INSERT INTO dbo.PRODUCT (PROD_CODE, PROD_DESC, DEPT_CODE, DEPT_NAME, SUBDEPT_NAME, SUPP_CODE, PRICE1, PRICE2, PRICE3, VAT_CODE, WEB_FLAG) VALUES
  ('HIDDEN1', 'Trade only', 'HOME', 'Home', 'Light', 'ACME', 20.00, 12.00, NULL, 'S', 'N');
INSERT INTO dbo.STOCK (PROD_CODE, BRANCH_NO, QTY_ON_HAND) VALUES ('KETTLE1', 1, 100), ('KETTLE1', 2, 50), ('LAMP1', 1, 100), ('HIDDEN1', 1, 100);
INSERT INTO dbo.CUSTOMER (CUST_NAME) VALUES ('A Shopper');
INSERT INTO dbo.CUSTOMER (CUST_NAME) VALUES ('B Shopper');
`,
  adventureworks: `
INSERT INTO Production.Location (LocationID, Name) VALUES (6, N'Miscellaneous Storage'), (7, N'Finished Goods Storage');
INSERT INTO Production.Product (ProductID, Name, ProductNumber, SafetyStockLevel, ReorderPoint, StandardCost, ListPrice, DaysToManufacture, SellStartDate, FinishedGoodsFlag) VALUES
  (771, N'Kettle', N'KE-0771', 10, 5, 1.00, 9.99, 1, '2020-01-01T00:00:00', 1),
  (772, N'Lamp', N'LA-0772', 10, 5, 1.00, 15.50, 1, '2020-01-01T00:00:00', 1),
  (773, N'Part', N'PA-0773', 10, 5, 1.00, 15.50, 1, '2020-01-01T00:00:00', 0);
INSERT INTO Production.ProductInventory (ProductID, LocationID, Shelf, Bin, Quantity) VALUES
  (771, 6, N'A', 1, 30), (771, 7, N'A', 1, 70), (772, 7, N'A', 1, 100), (773, 7, N'A', 1, 100);
INSERT INTO Sales.Customer (FullName) VALUES (N'A Shopper');
INSERT INTO Sales.Customer (FullName) VALUES (N'B Shopper');
`,
};

interface ShopSql {
  readonly stock: (sku: string) => string;
  readonly setStock: (sku: string, onHand: number) => string;
  readonly counts: string;
  readonly everything: readonly string[];
  readonly pick: (orderId: string) => string;
}

const countsOf = (header: string, lines: string): string => `SELECT (SELECT COUNT(*) FROM ${header}) AS orders,
  (SELECT COUNT(*) FROM ${lines}) AS lines, (SELECT COUNT(*) FROM storefront.COMMAND) AS commands,
  (SELECT COUNT(*) FROM storefront.COMMAND_AUDIT) AS audits`;

const SQL: Record<SqlVariant, ShopSql> = {
  epos: {
    stock: (sku) =>
      `SELECT QTY_ON_HAND AS onHand, QTY_ALLOC AS reserved FROM dbo.STOCK WHERE PROD_CODE = '${sku}' AND BRANCH_NO = 1`,
    setStock: (sku, onHand) =>
      `UPDATE dbo.STOCK SET QTY_ON_HAND = ${onHand}, QTY_ALLOC = 0 WHERE PROD_CODE = '${sku}' AND BRANCH_NO = 1`,
    counts: countsOf('dbo.ORD_HDR', 'dbo.ORD_LINE'),
    everything: [
      'SELECT PROD_CODE, BRANCH_NO, QTY_ON_HAND, QTY_ALLOC FROM dbo.STOCK ORDER BY PROD_CODE, BRANCH_NO',
      'SELECT ORD_NO, STATUS, CUST_NO, CONVERT(varchar(30), ORD_TOTAL, 2) AS TOTAL FROM dbo.ORD_HDR ORDER BY ORD_NO',
      'SELECT ORD_NO, LINE_NO, PROD_CODE, QTY FROM dbo.ORD_LINE ORDER BY ORD_NO, LINE_NO',
      'SELECT COMMAND_ID, RESULT FROM storefront.COMMAND WHERE REFUSAL IS NULL ORDER BY COMMAND_ID',
      'SELECT RESERVATION_ID, SKU, QUANTITY FROM storefront.RESERVATION_LINE ORDER BY RESERVATION_ID, SKU',
      'SELECT ORDER_ID, NAME, TOWN FROM storefront.DELIVERY_ADDRESS ORDER BY ORDER_ID',
      'SELECT CUST_NO, CUST_NAME FROM dbo.CUSTOMER ORDER BY CUST_NO',
      'SELECT name FROM sys.objects WHERE is_ms_shipped = 0 ORDER BY name',
    ],
    pick: (orderId) => `UPDATE dbo.ORD_HDR SET STATUS = 'P' WHERE ORD_NO = ${orderId}`,
  },
  adventureworks: {
    stock: (sku) =>
      `SELECT CONVERT(int, SUM(Quantity)) AS onHand, 0 AS reserved FROM Production.ProductInventory WHERE ProductID = ${sku}`,
    setStock: (sku, onHand) =>
      `UPDATE Production.ProductInventory SET Quantity = CASE WHEN LocationID = 7 THEN ${onHand} ELSE 0 END WHERE ProductID = ${sku}`,
    counts: countsOf('Sales.SalesOrderHeader', 'Sales.SalesOrderDetail'),
    everything: [
      'SELECT ProductID, LocationID, Quantity FROM Production.ProductInventory ORDER BY ProductID, LocationID',
      'SELECT SalesOrderID, Status, CustomerID, CONVERT(varchar(30), TotalDue, 2) AS TOTAL FROM Sales.SalesOrderHeader ORDER BY SalesOrderID',
      'SELECT SalesOrderID, SalesOrderDetailID, ProductID, OrderQty, LocationID FROM Sales.SalesOrderDetail ORDER BY SalesOrderID, SalesOrderDetailID',
      'SELECT COMMAND_ID, RESULT FROM storefront.COMMAND WHERE REFUSAL IS NULL ORDER BY COMMAND_ID',
      'SELECT RESERVATION_ID, SKU, QUANTITY FROM storefront.RESERVATION_LINE ORDER BY RESERVATION_ID, SKU',
      'SELECT ORDER_ID, NAME, TOWN FROM storefront.DELIVERY_ADDRESS ORDER BY ORDER_ID',
      'SELECT CustomerID, FullName FROM Sales.Customer ORDER BY CustomerID',
      'SELECT name FROM sys.objects WHERE is_ms_shipped = 0 ORDER BY name',
    ],
    pick: (orderId) => `UPDATE Sales.SalesOrderHeader SET Status = 2 WHERE SalesOrderID = ${orderId}`,
  },
};
