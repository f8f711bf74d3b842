/** Rows of the captured tables as consumers get them. Stands in until schemas/generated/epos.ts is generated from the Avro schemas. */
interface ProductRow {
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
  readonly DATE_CREATED: bigint;
  readonly DATE_AMENDED: bigint | null;
  readonly ROW_VER: Buffer;
}
export interface Tables {
  readonly 'dbo.PRODUCT': ProductRow;
  readonly 'dbo.DEPT': {
    readonly DEPT_CODE: string;
    readonly DEPT_NAME: string;
    readonly MARKUP_PCT: string;
    readonly NOMINAL_CODE: string | null;
    readonly WEB_FLAG: string;
  };
  readonly 'dbo.VAT_RATE': { readonly VAT_CODE: string; readonly RATE: string; readonly DESCR: string };
  readonly 'dbo.BRANCH': {
    readonly BRANCH_NO: number;
    readonly BRANCH_NAME: string;
    readonly TOWN: string;
    readonly WEB_FLAG: string;
  };
  readonly 'dbo.STOCK': {
    readonly PROD_CODE: string;
    readonly BRANCH_NO: number;
    readonly QTY_ON_HAND: number;
    readonly QTY_ALLOC: number;
    readonly REORDER_LVL: number;
    readonly BIN_LOC: string | null;
    readonly LAST_MOVED: bigint | null;
  };
  readonly 'dbo.ORD_HDR': {
    readonly ORD_NO: number;
    readonly CUST_NO: number;
    readonly BRANCH_NO: number;
    readonly ORD_DATE: bigint;
    readonly STATUS: string;
    readonly ORD_TOTAL: string;
    readonly ORD_VAT: string;
    readonly SOURCE: string;
    readonly NOTES: string | null;
    readonly ROW_VER: Buffer;
  };
}
