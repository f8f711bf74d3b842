import {
  defineConfig,
  defineDocument,
  defineOrders,
  defineStock,
  env,
  envBoolean,
  envList,
  envNumber,
  secretEnv,
} from '#infra/runtime/config/define.ts';
import type { EposTables } from '#schemas/generated/epos.ts';
import { SHOP_MAPPING, SHOP_SEARCH, SHOP_SETTINGS, type ShopDocument } from '../document.ts';
import { penceToText, textToPence } from '../money.ts';
import { TOKEN_AUDIENCE, TOKEN_ISSUER } from '../shop/customerTokens.ts';
import { barcode, colourName, dateText, isYes, sizeName, tidy, unshout } from './cleanUp.ts';

/** One document per product that is on the web and not discontinued. The department's name comes from DEPT, since PRODUCT's copy is stale. */
export const product = defineDocument<EposTables>()({
  type: 'product',
  version: 2,
  root: 'dbo.PRODUCT',
  joins: {
    dept: { table: 'dbo.DEPT', on: { DEPT_CODE: 'DEPT_CODE' } },
    vat: { table: 'dbo.VAT_RATE', on: { VAT_CODE: 'VAT_CODE' } },
  },
  id: (row) => row.PROD_CODE.trim(),
  filter: ({ root }) => isYes(root.WEB_FLAG) && !isYes(root.DISCONT),
  project: ({ root, dept, vat }): ShopDocument => {
    const usual = textToPence(root.PRICE1);
    const promotion = root.PRICE3 === null ? 0 : textToPence(root.PRICE3);
    const price = promotion > 0 ? promotion : usual;
    const size = sizeName(root.SIZE_TXT);
    const createdAt = dateText(root.DATE_CREATED) ?? new Date(0).toISOString();
    return {
      sku: root.PROD_CODE.trim(),
      name: unshout(tidy(root.PROD_DESC) ?? root.PROD_CODE.trim()),
      description: tidy(root.LONG_DESC),
      brand: brandName(root.BRAND),
      category: unshout(tidy(dept?.DEPT_NAME) ?? tidy(root.DEPT_NAME) ?? 'Other'),
      subcategory: unshout(tidy(root.SUBDEPT_NAME) ?? 'Other'),
      price: penceToText(price),
      priceMinor: price,
      wasPrice: promotion > 0 && promotion < usual ? penceToText(usual) : null,
      currency: 'GBP',
      colour: colourName(root.COLOUR),
      size,
      barcode: barcode(root.BARCODE),
      keywords: vat !== null && textToPence(vat.RATE) === 0 ? ['vat free'] : [],
      purchasable: true,
      createdAt,
      updatedAt: dateText(root.DATE_AMENDED) ?? createdAt,
    };
  },
  mapping: SHOP_MAPPING,
  settings: SHOP_SETTINGS,
  // The web sells from the warehouse alone.
  search: { ...SHOP_SEARCH, stock: { field: 'sku', locations: ['1'] } },
});

function brandName(text: string): string | null {
  const clean = tidy(text);
  return clean === null ? null : unshout(clean);
}

/** Every branch's shelf; the web itself sells from branch 1. */
export const stock = defineStock<EposTables>()({
  table: 'dbo.STOCK',
  project: (row) => ({
    sku: row.PROD_CODE.trim(),
    location: String(row.BRANCH_NO),
    onHand: row.QTY_ON_HAND,
    reserved: row.QTY_ALLOC,
  }),
});

const STATUS_WORDS: Readonly<Record<string, string>> = { N: 'new', P: 'picking', S: 'shipped', C: 'cancelled' };

/** Web orders only: what the tills sell is nobody's order to follow. */
export const orders = defineOrders<EposTables>()({
  table: 'dbo.ORD_HDR',
  id: (row) => String(row.ORD_NO),
  project: (row) =>
    row.SOURCE.trim() !== 'WEB'
      ? null
      : {
          orderId: String(row.ORD_NO),
          customerId: String(row.CUST_NO),
          status: STATUS_WORDS[row.STATUS.trim()] ?? 'unknown',
          total: row.ORD_TOTAL,
          currency: 'GBP',
          placedAt: dateText(row.ORD_DATE),
        },
  lines: {
    table: 'dbo.ORD_LINE',
    id: (row) => ({ orderId: String(row.ORD_NO), lineId: String(row.LINE_NO) }),
    project: (row) => ({
      sku: row.PROD_CODE.trim(),
      quantity: row.QTY,
      unitPrice: row.UNIT_PRICE,
      total: row.LINE_TOTAL,
    }),
  },
});

export default defineConfig({
  source: {
    server: env('SLUICE_SQL_HOST'),
    port: envNumber('SLUICE_SQL_PORT'),
    database: 'EPOS',
    user: 'sluice_capture',
    password: secretEnv('SLUICE_SQL_CAPTURE_PASSWORD'),
    encrypt: envBoolean('SLUICE_SQL_ENCRYPT', true),
    trustServerCertificate: true,
    tables: [
      'dbo.DEPT',
      'dbo.VAT_RATE',
      'dbo.BRANCH',
      'dbo.PRODUCT',
      'dbo.STOCK',
      'dbo.ORD_HDR',
      'dbo.ORD_LINE',
      'storefront.COMMAND',
    ],
  },
  kafka: { brokers: envList('SLUICE_KAFKA_BROKERS'), topicPrefix: 'epos' },
  registry: { url: env('SLUICE_REGISTRY_URL') },
  elasticsearch: { url: env('SLUICE_ELASTICSEARCH_URL') },
  redis: { url: env('SLUICE_REDIS_URL') },
  catalog: { documents: [product] },
  stock,
  orders,
  commands: {
    password: secretEnv('SLUICE_SQL_COMMANDS_PASSWORD'),
    http: { port: envNumber('SLUICE_COMMANDS_PORT', 0) },
    keys: secretEnv('SLUICE_COMMANDS_KEYS'),
  },
  storefront: {
    http: { port: envNumber('SLUICE_STOREFRONT_PORT', 0) },
    // The shop's own server signs a token for the shopper who is logged in there.
    customerTokens: [
      {
        name: 'shop',
        issuer: TOKEN_ISSUER,
        audience: TOKEN_AUDIENCE,
        jwksUrl: env('SLUICE_SHOP_JWKS_URL', 'http://127.0.0.1:9/.well-known/jwks.json'),
        algorithms: ['ES256'],
      },
    ],
    // Every shopper comes through the shop's own server, hence from one address.
    maxStreamsPerAddress: 200,
    addressRatePerSecond: 1000,
    addressRateBurst: 2000,
  },
  webhooks: {
    endpoints: [
      {
        name: 'shop',
        url: env('SLUICE_SHOP_HOOKS_URL', 'http://127.0.0.1:9/hooks'),
        secrets: [secretEnv('SLUICE_SHOP_HOOKS_SECRET')],
        // The demo's shop runs beside everything else, without certificates.
        allowHttp: true,
        allowPrivateAddresses: true,
      },
    ],
  },
  ops: { http: { port: envNumber('SLUICE_OPS_PORT', 0) } },
});
