/** The tables of the reliability suite's shop. `SEQ`, `QTY` and `TOTAL` only ever rise for a key, so that an older state can be told from a newer one. */
export interface ReliabilityTables {
  'dbo.PRODUCT': {
    CODE: string;
    NAME: string;
    LONG_DESC: string | null;
    CAT: string | null;
    SEQ: number;
    LIVE: string;
  };
  'dbo.CATEGORY': { CAT: string; GRP: number; SEQ: number };
  'dbo.CAT_GROUP': { GRP: number; SEQ: number };
  'dbo.BARCODE': { BARCODE: string; CODE: string };
  'dbo.STOCK': { CODE: string; BRANCH: number; QTY: number };
  'dbo.ORD': { ORD_NO: number; CUST: number; STATUS: string; TOTAL: string };
  'dbo.ORD_LINE': { ORD_NO: number; LINE_NO: number; CODE: string; QTY: number };
  'storefront.COMMAND': { COMMAND_ID: string; COMMAND_NAME: string; ORDER_ID: string | null };
}

export const TABLES = [
  'dbo.PRODUCT',
  'dbo.CATEGORY',
  'dbo.CAT_GROUP',
  'dbo.BARCODE',
  'dbo.STOCK',
  'dbo.ORD',
  'dbo.ORD_LINE',
  'storefront.COMMAND',
] as const;

/** Products with this name make the projection throw. */
export const POISON_NAME = 'POISON';

/** Sizes of the shop. */
export const PRODUCTS = 1000;
export const CATEGORIES = 12;
export const GROUPS = 3;
export const BRANCHES = 2;
/** Products that come and go; they are no part of `PRODUCTS`. */
export const PASSING = 60;

export const skuOf = (number: number): string => `P${String(number).padStart(5, '0')}`;
export const passingSku = (number: number): string => `V${String(number).padStart(5, '0')}`;

const enable = (table: string): string => {
  const [schema, name] = table.split('.') as [string, string];
  return `EXEC sys.sp_cdc_enable_table @source_schema = N'${schema}', @source_name = N'${name}', @role_name = NULL, @supports_net_changes = 0;`;
};

/** Batches that make the shop's database, filled and with CDC on; the first ones run in master. */
export function shopScript(database: string): string[] {
  return [
    `CREATE DATABASE ${database};`,
    `ALTER DATABASE ${database} SET ALLOW_SNAPSHOT_ISOLATION ON;`,
    `USE ${database};`,
    'CREATE TABLE dbo.PRODUCT (CODE char(10) NOT NULL CONSTRAINT PK_PRODUCT PRIMARY KEY, NAME varchar(60) NOT NULL, LONG_DESC text NULL, CAT char(4) NULL, SEQ int NOT NULL, LIVE char(1) NOT NULL);',
    'CREATE TABLE dbo.CATEGORY (CAT char(4) NOT NULL CONSTRAINT PK_CATEGORY PRIMARY KEY, GRP int NOT NULL, SEQ int NOT NULL);',
    'CREATE TABLE dbo.CAT_GROUP (GRP int NOT NULL CONSTRAINT PK_CAT_GROUP PRIMARY KEY, SEQ int NOT NULL);',
    'CREATE TABLE dbo.BARCODE (BARCODE varchar(20) NOT NULL CONSTRAINT PK_BARCODE PRIMARY KEY, CODE char(10) NOT NULL);',
    'CREATE TABLE dbo.STOCK (CODE char(10) NOT NULL, BRANCH smallint NOT NULL, QTY int NOT NULL, CONSTRAINT PK_STOCK PRIMARY KEY (CODE, BRANCH));',
    'CREATE TABLE dbo.ORD (ORD_NO int NOT NULL CONSTRAINT PK_ORD PRIMARY KEY, CUST int NOT NULL, STATUS char(1) NOT NULL, TOTAL decimal(12,2) NOT NULL);',
    'CREATE TABLE dbo.ORD_LINE (ORD_NO int NOT NULL, LINE_NO smallint NOT NULL, CODE char(10) NOT NULL, QTY int NOT NULL, CONSTRAINT PK_ORD_LINE PRIMARY KEY (ORD_NO, LINE_NO));',
    'CREATE SCHEMA storefront AUTHORIZATION dbo;',
    'CREATE TABLE storefront.COMMAND (COMMAND_ID uniqueidentifier NOT NULL CONSTRAINT PK_COMMAND PRIMARY KEY, COMMAND_NAME varchar(40) NOT NULL, ORDER_ID varchar(20) NULL);',
    ...filled(),
    'EXEC sys.sp_cdc_enable_db;',
    ...TABLES.map(enable),
  ];
}

function filled(): string[] {
  const inserts = (table: string, rows: readonly string[]): string[] => {
    const batches: string[] = [];
    for (let start = 0; start < rows.length; start += 500)
      batches.push(`INSERT INTO ${table} VALUES ${rows.slice(start, start + 500).join(', ')};`);
    return batches;
  };
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  return [
    ...inserts(
      'dbo.CAT_GROUP (GRP, SEQ)',
      numbers(GROUPS).map((n) => `(${n}, 0)`),
    ),
    ...inserts(
      'dbo.CATEGORY (CAT, GRP, SEQ)',
      numbers(CATEGORIES).map((n) => `('C${n}', ${n % GROUPS}, 0)`),
    ),
    ...inserts(
      'dbo.PRODUCT (CODE, NAME, LONG_DESC, CAT, SEQ, LIVE)',
      numbers(PRODUCTS).map(
        (n) => `('${skuOf(n)}', 'Thing ${n}', 'A long text of thing ${n}', 'C${n % CATEGORIES}', 0, 'Y')`,
      ),
    ),
    ...inserts(
      'dbo.STOCK (CODE, BRANCH, QTY)',
      numbers(PRODUCTS).flatMap((n) => numbers(BRANCHES).map((branch) => `('${skuOf(n)}', ${branch}, 0)`)),
    ),
    ...inserts(
      'dbo.BARCODE (BARCODE, CODE)',
      numbers(PRODUCTS / 2).map((n) => `('B${n}', '${skuOf(n * 2)}')`),
    ),
  ];
}
