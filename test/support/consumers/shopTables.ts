import { defineDocument } from '#infra/runtime/config/catalog.ts';
import { defineOrders } from '#infra/runtime/config/orders.ts';
import { defineStock } from '#infra/runtime/config/stock.ts';
import type { ColumnShape, TableShape } from '#schemas/tableShape.ts';

/** A small shop with every kind of join, for the tests of the consumers. */

export const DATABASE = 'SHOP';

const column = (name: string, sqlType: string, nullable = false, precision = 0, scale = 0): ColumnShape => ({
  name,
  sqlType,
  nullable,
  precision,
  scale,
});

const table = (fullName: string, keyColumns: string[], ...columns: ColumnShape[]): TableShape => {
  const [schema, name] = fullName.split('.') as [string, string];
  return { database: DATABASE, schema, name, keyColumns, columns };
};

export const SHAPES: Readonly<Record<string, TableShape>> = {
  'dbo.PRODUCT': table(
    'dbo.PRODUCT',
    ['CODE'],
    column('CODE', 'char'),
    column('NAME', 'varchar'),
    column('LONG_DESC', 'text', true),
    column('CAT', 'char', true),
    column('VAT', 'char'),
    column('PRICE', 'decimal', false, 9, 2),
    column('SEQ', 'bigint'),
    column('LIVE', 'char'),
  ),
  'dbo.CATEGORY': table(
    'dbo.CATEGORY',
    ['CAT'],
    column('CAT', 'char'),
    column('NAME', 'varchar'),
    column('GRP', 'int'),
  ),
  'dbo.CAT_GROUP': table('dbo.CAT_GROUP', ['GRP'], column('GRP', 'int'), column('TITLE', 'varchar')),
  'dbo.BARCODE': table('dbo.BARCODE', ['BARCODE'], column('BARCODE', 'varchar'), column('CODE', 'char')),
  'dbo.STOCK': table(
    'dbo.STOCK',
    ['CODE', 'BRANCH'],
    column('CODE', 'char'),
    column('BRANCH', 'smallint'),
    column('QTY', 'int'),
    column('ALLOC', 'int'),
  ),
  'dbo.ORD': table(
    'dbo.ORD',
    ['ORD_NO'],
    column('ORD_NO', 'int'),
    column('CUST', 'int'),
    column('STATUS', 'char'),
    column('TOTAL', 'decimal', false, 9, 2),
  ),
  'storefront.COMMAND': table(
    'storefront.COMMAND',
    ['COMMAND_ID'],
    column('COMMAND_ID', 'uniqueidentifier'),
    column('COMMAND_NAME', 'varchar'),
    column('ORDER_ID', 'varchar', true),
    column('REFUSAL', 'int', true),
    column('RESULT', 'nvarchar'),
  ),
  'dbo.ORD_LINE': table(
    'dbo.ORD_LINE',
    ['ORD_NO', 'LINE_NO'],
    column('ORD_NO', 'int'),
    column('LINE_NO', 'smallint'),
    column('CODE', 'char'),
    column('QTY', 'int'),
  ),
};

export interface ShopTables {
  'dbo.PRODUCT': {
    CODE: string;
    NAME: string;
    LONG_DESC: string | null;
    CAT: string | null;
    VAT: string;
    PRICE: string;
    SEQ: bigint;
    LIVE: string;
  };
  'dbo.CATEGORY': { CAT: string; NAME: string; GRP: number };
  'dbo.CAT_GROUP': { GRP: number; TITLE: string };
  'dbo.BARCODE': { BARCODE: string; CODE: string };
  'dbo.STOCK': { CODE: string; BRANCH: number; QTY: number; ALLOC: number };
  'dbo.ORD': { ORD_NO: number; CUST: number; STATUS: string; TOTAL: string };
  'storefront.COMMAND': {
    COMMAND_ID: string;
    COMMAND_NAME: string;
    ORDER_ID: string | null;
    REFUSAL: number | null;
    RESULT: string;
  };
  'dbo.ORD_LINE': { ORD_NO: number; LINE_NO: number; CODE: string; QTY: number };
}

export interface ProductDocument {
  readonly sku: string;
  readonly name: string;
  readonly description: string | null;
  readonly category: string | null;
  readonly group: string | null;
  readonly barcodes: readonly string[];
  readonly priceMinor: number;
  readonly seq: bigint | number;
}

/** Products whose name is this make the projection throw. */
export const POISON_NAME = 'POISON';

export const product = defineDocument<ShopTables>()({
  type: 'product',
  version: 1,
  root: 'dbo.PRODUCT',
  joins: {
    category: { table: 'dbo.CATEGORY', on: { CAT: 'CAT' } },
    group: { table: 'dbo.CAT_GROUP', from: 'category', on: { GRP: 'GRP' } },
    barcodes: { table: 'dbo.BARCODE', on: { CODE: 'CODE' }, many: true },
  },
  id: (row) => row.CODE.trim(),
  filter: ({ root }) => root.LIVE === 'Y',
  project: ({ root, category, group, barcodes }): ProductDocument => {
    if (root.NAME === POISON_NAME) throw new Error('this product cannot be projected');
    return {
      sku: root.CODE.trim(),
      name: root.NAME,
      description: root.LONG_DESC,
      category: category?.NAME ?? null,
      group: group?.TITLE ?? null,
      barcodes: barcodes.map((row) => row.BARCODE),
      priceMinor: Math.round(Number(root.PRICE) * 100),
      seq: root.SEQ,
    };
  },
  mapping: {
    sku: { type: 'keyword' },
    name: { type: 'text', fields: { raw: { type: 'keyword' } } },
    description: { type: 'text' },
    category: { type: 'keyword' },
    group: { type: 'keyword' },
    barcodes: { type: 'keyword' },
    priceMinor: { type: 'long' },
    seq: { type: 'long' },
  },
  search: {
    text: { name: 5, description: 1 },
    exact: ['sku', 'barcodes'],
    facets: {
      category: { field: 'category' },
      group: { field: 'group' },
      price: { field: 'priceMinor', bounds: true },
      priceBand: {
        field: 'priceMinor',
        ranges: [
          { key: 'cheap', to: 1000 },
          { key: 'dear', from: 1000 },
        ],
      },
    },
    sorts: { price_asc: [{ field: 'priceMinor', order: 'asc' }], name: [{ field: 'name.raw', order: 'asc' }] },
    suggest: { field: 'name', show: ['sku', 'category'] },
    stock: { field: 'sku' },
  },
});

export const stock = defineStock<ShopTables>()({
  table: 'dbo.STOCK',
  project: (row) => ({ sku: row.CODE.trim(), location: String(row.BRANCH), onHand: row.QTY, reserved: row.ALLOC }),
});

const WORDS: Readonly<Record<string, string>> = { N: 'new', P: 'picking', S: 'shipped', C: 'cancelled' };

export const orders = defineOrders<ShopTables>()({
  table: 'dbo.ORD',
  project: (row) => ({
    orderId: String(row.ORD_NO),
    customerId: String(row.CUST),
    status: WORDS[row.STATUS] ?? 'unknown',
    total: row.TOTAL,
    currency: 'GBP',
  }),
  lines: {
    table: 'dbo.ORD_LINE',
    id: (row) => ({ orderId: String(row.ORD_NO), lineId: String(row.LINE_NO) }),
    project: (row) => ({ sku: row.CODE.trim(), quantity: row.QTY }),
  },
});
