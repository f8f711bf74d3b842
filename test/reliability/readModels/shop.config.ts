import {
  defineConfig,
  defineDocument,
  defineOrders,
  defineStock,
  env,
  envList,
  envNumber,
  secretEnv,
} from '#infra/runtime/config/define.ts';
import type { ReliabilityTables } from './shopTables.ts';
import { POISON_NAME, TABLES } from './shopTables.ts';

/** A product as shoppers of the reliability suite see it. Every number in it only ever rises in the source. */
export interface MarkedProduct {
  readonly sku: string;
  readonly name: string;
  /** The product row's own marker. */
  readonly seq: number;
  readonly category: string | null;
  /** The category's marker, and its group's. */
  readonly categorySeq: number | null;
  readonly groupSeq: number | null;
  readonly description: string | null;
  readonly barcodes: readonly string[];
  /** Version of the projection that built it. */
  readonly shape: number;
}

/** Raised by the schedules: processes with the old and the new one run side by side. */
const version = Number(process.env['RM_VERSION'] ?? 1);

const product = defineDocument<ReliabilityTables>()({
  type: 'product',
  version,
  root: 'dbo.PRODUCT',
  joins: {
    category: { table: 'dbo.CATEGORY', on: { CAT: 'CAT' } },
    group: { table: 'dbo.CAT_GROUP', from: 'category', on: { GRP: 'GRP' } },
    barcodes: { table: 'dbo.BARCODE', on: { CODE: 'CODE' }, many: true },
  },
  id: (row) => row.CODE.trim(),
  filter: ({ root }) => root.LIVE === 'Y',
  project: ({ root, category, group, barcodes }): MarkedProduct => {
    if (root.NAME === POISON_NAME) throw new Error('this product cannot be projected');
    return {
      sku: root.CODE.trim(),
      name: root.NAME,
      seq: root.SEQ,
      category: category?.CAT.trim() ?? null,
      categorySeq: category?.SEQ ?? null,
      groupSeq: group?.SEQ ?? null,
      description: root.LONG_DESC,
      barcodes: barcodes.map((row) => row.BARCODE),
      shape: version,
    };
  },
  mapping: {
    sku: { type: 'keyword' },
    name: { type: 'text', fields: { raw: { type: 'keyword' } } },
    seq: { type: 'long' },
    category: { type: 'keyword' },
    categorySeq: { type: 'long' },
    groupSeq: { type: 'long' },
    description: { type: 'text' },
    barcodes: { type: 'keyword' },
    shape: { type: 'integer' },
  },
  search: {
    text: { name: 5, description: 1 },
    exact: ['sku', 'barcodes'],
    facets: { category: { field: 'category' } },
    sorts: { newest: [{ field: 'seq', order: 'desc' }] },
    suggest: { field: 'name', show: ['sku'] },
  },
});

const stock = defineStock<ReliabilityTables>()({
  table: 'dbo.STOCK',
  project: (row) => ({ sku: row.CODE.trim(), location: String(row.BRANCH), onHand: row.QTY, reserved: 0 }),
});

const STATUS: Readonly<Record<string, string>> = { N: 'new', P: 'picking', S: 'shipped' };

const orders = defineOrders<ReliabilityTables>()({
  table: 'dbo.ORD',
  project: (row) => ({
    orderId: String(row.ORD_NO),
    customerId: String(row.CUST),
    status: STATUS[row.STATUS] ?? 'unknown',
    total: row.TOTAL,
    currency: 'GBP',
  }),
  lines: {
    table: 'dbo.ORD_LINE',
    id: (row) => ({ orderId: String(row.ORD_NO), lineId: String(row.LINE_NO) }),
    project: (row) => ({ sku: row.CODE.trim(), quantity: row.QTY }),
  },
});

export default defineConfig({
  source: {
    server: env('SLUICE_SQL_HOST', '127.0.0.1'),
    port: envNumber('SLUICE_SQL_PORT'),
    database: env('RM_ID'),
    user: 'sa',
    password: secretEnv('RM_PASSWORD'),
    encrypt: false,
    trustServerCertificate: true,
    tables: [...TABLES],
  },
  kafka: {
    brokers: envList('SLUICE_KAFKA_BROKERS'),
    topicPrefix: env('RM_ID'),
    partitions: envNumber('RM_PARTITIONS', 3),
  },
  registry: { url: env('SLUICE_REGISTRY_URL') },
  elasticsearch: { url: env('SLUICE_ELASTICSEARCH_URL'), indexPrefix: env('RM_INDEX_PREFIX') },
  redis: { url: env('SLUICE_REDIS_URL'), keyPrefix: env('RM_KEY_PREFIX') },
  consumers: { groupPrefix: env('RM_ID'), maxBatchRecords: 200, refreshIntervalMs: 50 },
  capture: { pollIntervalMs: 50, maxPollIntervalMs: 200, snapshotChunkRows: 500, idleWriteMs: 1000 },
  catalog: { documents: [product] },
  stock,
  orders,
  storefront: {
    http: { port: envNumber('RM_STOREFRONT_PORT', 0) },
    addressRatePerSecond: 100_000,
    addressRateBurst: 100_000,
  },
  ops: { http: { port: envNumber('RM_OPS_PORT', 0) } },
});
