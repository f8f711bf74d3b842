// Generated from the Avro schemas by `sluice schemas generate`; do not edit.

/** A row of dbo.BRANCH. */
export interface BranchRow {
  readonly BRANCH_NO: number;
  readonly BRANCH_NAME: string;
  readonly TOWN: string;
  readonly WEB_FLAG: string;
}

/** The key of dbo.BRANCH. */
export interface BranchKey {
  readonly BRANCH_NO: number;
}

/** A row of dbo.DEPT. */
export interface DeptRow {
  readonly DEPT_CODE: string;
  readonly DEPT_NAME: string;
  /** decimal(5, 2) as exact text. */
  readonly MARKUP_PCT: string;
  readonly NOMINAL_CODE: string | null;
  readonly WEB_FLAG: string;
}

/** The key of dbo.DEPT. */
export interface DeptKey {
  readonly DEPT_CODE: string;
}

/** A row of dbo.ORD_HDR. */
export interface OrdHdrRow {
  readonly ORD_NO: number;
  readonly CUST_NO: number;
  readonly BRANCH_NO: number;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly ORD_DATE: bigint;
  readonly STATUS: string;
  /** decimal(19, 4) as exact text. */
  readonly ORD_TOTAL: string;
  /** decimal(19, 4) as exact text. */
  readonly ORD_VAT: string;
  readonly SOURCE: string;
  readonly NOTES: string | null;
  readonly ROW_VER: Buffer;
}

/** The key of dbo.ORD_HDR. */
export interface OrdHdrKey {
  readonly ORD_NO: number;
}

/** A row of dbo.ORD_LINE. */
export interface OrdLineRow {
  readonly ORD_NO: number;
  readonly LINE_NO: number;
  readonly PROD_CODE: string;
  readonly QTY: number;
  /** decimal(19, 4) as exact text. */
  readonly UNIT_PRICE: string;
  readonly VAT_CODE: string;
  /** decimal(19, 4) as exact text. */
  readonly LINE_TOTAL: string;
}

/** The key of dbo.ORD_LINE. */
export interface OrdLineKey {
  readonly ORD_NO: number;
  readonly LINE_NO: number;
}

/** A row of dbo.PRODUCT. */
export interface ProductRow {
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
  /** decimal(19, 4) as exact text. */
  readonly PRICE1: string;
  /** decimal(19, 4) as exact text. */
  readonly PRICE2: string;
  /** decimal(19, 4) as exact text. */
  readonly PRICE3: string | null;
  readonly VAT_CODE: string;
  readonly WEB_FLAG: string;
  readonly DISCONT: string;
  readonly BARCODE: string | null;
  /** decimal(9, 3) as exact text. */
  readonly WEIGHT_KG: string | null;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly DATE_CREATED: bigint;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly DATE_AMENDED: bigint | null;
  readonly ROW_VER: Buffer;
}

/** The key of dbo.PRODUCT. */
export interface ProductKey {
  readonly PROD_CODE: string;
}

/** A row of dbo.STOCK. */
export interface StockRow {
  readonly PROD_CODE: string;
  readonly BRANCH_NO: number;
  readonly QTY_ON_HAND: number;
  readonly QTY_ALLOC: number;
  readonly REORDER_LVL: number;
  readonly BIN_LOC: string | null;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly LAST_MOVED: bigint | null;
}

/** The key of dbo.STOCK. */
export interface StockKey {
  readonly PROD_CODE: string;
  readonly BRANCH_NO: number;
}

/** A row of dbo.VAT_RATE. */
export interface VatRateRow {
  readonly VAT_CODE: string;
  /** decimal(5, 2) as exact text. */
  readonly RATE: string;
  readonly DESCR: string;
}

/** The key of dbo.VAT_RATE. */
export interface VatRateKey {
  readonly VAT_CODE: string;
}

/** A row of storefront.COMMAND. */
export interface CommandRow {
  readonly COMMAND_ID: string;
  readonly CALLER: string;
  readonly IDEMPOTENCY_KEY: string;
  readonly COMMAND_NAME: string;
  readonly PAYLOAD_HASH: Buffer;
  readonly ORDER_ID: string | null;
  readonly REFUSAL: number | null;
  readonly RESULT: string;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly CREATED_AT: bigint;
}

/** The key of storefront.COMMAND. */
export interface CommandKey {
  readonly COMMAND_ID: string;
}

/** Every captured table and its row. */
export interface EposTables {
  'dbo.BRANCH': BranchRow;
  'dbo.DEPT': DeptRow;
  'dbo.ORD_HDR': OrdHdrRow;
  'dbo.ORD_LINE': OrdLineRow;
  'dbo.PRODUCT': ProductRow;
  'dbo.STOCK': StockRow;
  'dbo.VAT_RATE': VatRateRow;
  'storefront.COMMAND': CommandRow;
}

/** Every captured table that has a key, and the key. */
export interface EposKeys {
  'dbo.BRANCH': BranchKey;
  'dbo.DEPT': DeptKey;
  'dbo.ORD_HDR': OrdHdrKey;
  'dbo.ORD_LINE': OrdLineKey;
  'dbo.PRODUCT': ProductKey;
  'dbo.STOCK': StockKey;
  'dbo.VAT_RATE': VatRateKey;
  'storefront.COMMAND': CommandKey;
}
