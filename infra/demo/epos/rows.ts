import type { LoadTable } from '../bulkLoad.ts';

/** Rows of the EPOS database as they are loaded: `money` and decimals as text, dates as ISO 8601 without a zone (local time, as tills do). */
export type VatRateRow = { readonly VAT_CODE: string; readonly RATE: string; readonly DESCR: string };
export type DeptRow = {
  readonly DEPT_CODE: string;
  readonly DEPT_NAME: string;
  readonly MARKUP_PCT: string;
  readonly NOMINAL_CODE: string | null;
  readonly WEB_FLAG: string;
};
export type SupplierRow = {
  readonly SUPP_CODE: string;
  readonly SUPP_NAME: string;
  readonly ADDR1: string;
  readonly TOWN: string;
  readonly POSTCODE: string;
  readonly PHONE: string;
  readonly LEAD_DAYS: number;
  readonly ON_STOP: string;
};
export type BranchRow = {
  readonly BRANCH_NO: number;
  readonly BRANCH_NAME: string;
  readonly TOWN: string;
  readonly WEB_FLAG: string;
};
export type ProductRow = {
  readonly PROD_CODE: string;
  readonly PROD_DESC: string;
  readonly LONG_DESC: string | null;
  readonly DEPT_CODE: string;
  readonly DEPT_NAME: string;
  readonly SUBDEPT_NAME: string;
  readonly SUPP_CODE: string;
  readonly BRAND: string;
  readonly COLOUR: string | null;
  readonly SIZE_TXT: string | null;
  readonly PRICE1: string;
  readonly PRICE2: string;
  readonly PRICE3: string | null;
  readonly VAT_CODE: string;
  readonly WEB_FLAG: string;
  readonly DISCONT: string;
  readonly BARCODE: string | null;
  readonly WEIGHT_KG: string | null;
  readonly DATE_CREATED: string;
  readonly DATE_AMENDED: string | null;
};
export type StockRow = {
  readonly PROD_CODE: string;
  readonly BRANCH_NO: number;
  readonly QTY_ON_HAND: number;
  readonly QTY_ALLOC: number;
  readonly REORDER_LVL: number;
  readonly BIN_LOC: string | null;
  readonly LAST_MOVED: string | null;
};
export type CustomerRow = {
  readonly CUST_NO: number;
  readonly CUST_NAME: string;
  readonly EMAIL: string | null;
  readonly ADDR1: string;
  readonly ADDR2: string | null;
  readonly TOWN: string;
  readonly POSTCODE: string;
  readonly CREATED: string;
};
export type OrderRow = {
  readonly ORD_NO: number;
  readonly CUST_NO: number;
  readonly BRANCH_NO: number;
  readonly ORD_DATE: string;
  readonly STATUS: string;
  readonly ORD_TOTAL: string;
  readonly ORD_VAT: string;
  readonly SOURCE: string;
  readonly NOTES: string | null;
};
export type OrderLineRow = {
  readonly ORD_NO: number;
  readonly LINE_NO: number;
  readonly PROD_CODE: string;
  readonly QTY: number;
  readonly UNIT_PRICE: string;
  readonly VAT_CODE: string;
  readonly LINE_TOTAL: string;
};

/** The whole data set, in the order of its foreign keys. */
export interface EposData {
  readonly vatRates: readonly VatRateRow[];
  readonly departments: readonly DeptRow[];
  readonly suppliers: readonly SupplierRow[];
  readonly branches: readonly BranchRow[];
  readonly products: readonly ProductRow[];
  readonly stock: readonly StockRow[];
  readonly customers: readonly CustomerRow[];
  readonly orders: readonly OrderRow[];
  readonly orderLines: readonly OrderLineRow[];
}

/** Target tables with the types their columns are read as (epos/schema.sql). */
export const EPOS_TABLES: Readonly<Record<keyof EposData, LoadTable>> = {
  vatRates: {
    name: 'dbo.VAT_RATE',
    columns: { VAT_CODE: 'char(1)', RATE: 'decimal(5,2)', DESCR: 'varchar(20)' },
  },
  departments: {
    name: 'dbo.DEPT',
    columns: {
      DEPT_CODE: 'char(4)',
      DEPT_NAME: 'varchar(40)',
      MARKUP_PCT: 'decimal(5,2)',
      NOMINAL_CODE: 'char(6)',
      WEB_FLAG: 'char(1)',
    },
  },
  suppliers: {
    name: 'dbo.SUPPLIER',
    columns: {
      SUPP_CODE: 'char(6)',
      SUPP_NAME: 'varchar(40)',
      ADDR1: 'varchar(40)',
      TOWN: 'varchar(40)',
      POSTCODE: 'char(8)',
      PHONE: 'varchar(20)',
      LEAD_DAYS: 'smallint',
      ON_STOP: 'char(1)',
    },
  },
  branches: {
    name: 'dbo.BRANCH',
    columns: { BRANCH_NO: 'smallint', BRANCH_NAME: 'varchar(30)', TOWN: 'varchar(30)', WEB_FLAG: 'char(1)' },
  },
  products: {
    name: 'dbo.PRODUCT',
    columns: {
      PROD_CODE: 'char(10)',
      PROD_DESC: 'varchar(60)',
      LONG_DESC: 'text',
      DEPT_CODE: 'char(4)',
      DEPT_NAME: 'varchar(40)',
      SUBDEPT_NAME: 'varchar(40)',
      SUPP_CODE: 'char(6)',
      BRAND: 'varchar(30)',
      COLOUR: 'varchar(20)',
      SIZE_TXT: 'varchar(20)',
      PRICE1: 'money',
      PRICE2: 'money',
      PRICE3: 'money',
      VAT_CODE: 'char(1)',
      WEB_FLAG: 'char(1)',
      DISCONT: 'char(1)',
      BARCODE: 'varchar(14)',
      WEIGHT_KG: 'decimal(9,3)',
      DATE_CREATED: 'datetime',
      DATE_AMENDED: 'datetime',
    },
  },
  stock: {
    name: 'dbo.STOCK',
    columns: {
      PROD_CODE: 'char(10)',
      BRANCH_NO: 'smallint',
      QTY_ON_HAND: 'int',
      QTY_ALLOC: 'int',
      REORDER_LVL: 'int',
      BIN_LOC: 'char(8)',
      LAST_MOVED: 'datetime',
    },
  },
  customers: {
    name: 'dbo.CUSTOMER',
    identityInsert: true,
    columns: {
      CUST_NO: 'int',
      CUST_NAME: 'varchar(60)',
      EMAIL: 'varchar(80)',
      ADDR1: 'varchar(40)',
      ADDR2: 'varchar(40)',
      TOWN: 'varchar(40)',
      POSTCODE: 'char(8)',
      CREATED: 'datetime',
    },
  },
  orders: {
    name: 'dbo.ORD_HDR',
    identityInsert: true,
    columns: {
      ORD_NO: 'int',
      CUST_NO: 'int',
      BRANCH_NO: 'smallint',
      ORD_DATE: 'datetime',
      STATUS: 'char(1)',
      ORD_TOTAL: 'money',
      ORD_VAT: 'money',
      SOURCE: 'char(3)',
      NOTES: 'text',
    },
  },
  orderLines: {
    name: 'dbo.ORD_LINE',
    columns: {
      ORD_NO: 'int',
      LINE_NO: 'smallint',
      PROD_CODE: 'char(10)',
      QTY: 'int',
      UNIT_PRICE: 'money',
      VAT_CODE: 'char(1)',
      LINE_TOTAL: 'money',
    },
  },
};
