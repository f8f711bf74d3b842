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
import type { AdventureWorksTables } from '#schemas/generated/adventureworks.ts';
import { SHOP_MAPPING, SHOP_SEARCH, SHOP_SETTINGS, type ShopDocument } from '../document.ts';
import { dateText, tidy } from '../epos/cleanUp.ts';
import { penceToText, textToPence } from '../money.ts';
import { TOKEN_AUDIENCE, TOKEN_ISSUER } from '../shop/customerTokens.ts';

const PRODUCT_LINES: Readonly<Record<string, string>> = { R: 'road', M: 'mountain', T: 'touring', S: 'standard' };
const STYLES: Readonly<Record<string, string>> = { W: "women's", M: "men's", U: 'universal' };

/**
 * One document per product, parts that are not sold included (`purchasable: false`). Name, colour and size are the product's, the text is
 * the model's English description, the category is the subcategory's. The sku is ProductID, since that is all a stock row knows.
 */
export const product = defineDocument<AdventureWorksTables>()({
  type: 'product',
  version: 2,
  root: 'Production.Product',
  joins: {
    subcategory: { table: 'Production.ProductSubcategory', on: { ProductSubcategoryID: 'ProductSubcategoryID' } },
    category: {
      table: 'Production.ProductCategory',
      from: 'subcategory',
      on: { ProductCategoryID: 'ProductCategoryID' },
    },
    model: { table: 'Production.ProductModel', on: { ProductModelID: 'ProductModelID' } },
    cultures: {
      table: 'Production.ProductModelProductDescriptionCulture',
      from: 'model',
      on: { ProductModelID: 'ProductModelID' },
      many: true,
    },
    descriptions: {
      table: 'Production.ProductDescription',
      from: 'cultures',
      on: { ProductDescriptionID: 'ProductDescriptionID' },
      many: true,
    },
  },
  id: (row) => String(row.ProductID),
  project: ({ root, subcategory, category, model, cultures, descriptions }): ShopDocument => {
    const english = cultures.find((culture) => culture.CultureID.trim() === 'en');
    const description = descriptions.find((row) => row.ProductDescriptionID === english?.ProductDescriptionID);
    const price = textToPence(root.ListPrice);
    const unit = tidy(root.SizeUnitMeasureCode)?.toLowerCase();
    const size = tidy(root.Size);
    return {
      sku: String(root.ProductID),
      name: tidy(root.Name) ?? root.ProductNumber,
      description: tidy(description?.Description),
      brand: 'Adventure Works',
      category: tidy(category?.Name) ?? 'Parts',
      subcategory: tidy(subcategory?.Name),
      price: penceToText(price),
      priceMinor: price,
      wasPrice: null,
      currency: 'USD',
      colour: tidy(root.Color),
      size: size && unit ? `${size} ${unit}` : size,
      barcode: root.ProductNumber,
      keywords: [model?.Name, PRODUCT_LINES[tidy(root.ProductLine) ?? ''], STYLES[tidy(root.Style) ?? '']].filter(
        (word): word is string => word !== undefined,
      ),
      purchasable: root.FinishedGoodsFlag && price > 0 && root.SellEndDate === null && root.DiscontinuedDate === null,
      createdAt: dateText(root.SellStartDate) ?? new Date(0).toISOString(),
      updatedAt: dateText(root.ModifiedDate) ?? new Date(0).toISOString(),
    };
  },
  mapping: SHOP_MAPPING,
  settings: SHOP_SETTINGS,
  search: SHOP_SEARCH,
});

/** AdventureWorks reserves nothing: an order takes from the shelf at once. */
export const stock = defineStock<AdventureWorksTables>()({
  table: 'Production.ProductInventory',
  project: (row) => ({
    sku: String(row.ProductID),
    location: String(row.LocationID),
    onHand: row.Quantity,
    reserved: 0,
  }),
});

/** SalesOrderHeader.Status, from the sample database's data dictionary. */
const STATUS_WORDS: Readonly<Record<number, string>> = {
  1: 'new',
  2: 'picking',
  3: 'backordered',
  4: 'rejected',
  5: 'shipped',
  6: 'cancelled',
};

export const orders = defineOrders<AdventureWorksTables>()({
  table: 'Sales.SalesOrderHeader',
  id: (row) => String(row.SalesOrderID),
  project: (row) =>
    row.OnlineOrderFlag
      ? {
          orderId: String(row.SalesOrderID),
          customerId: String(row.CustomerID),
          status: STATUS_WORDS[row.Status] ?? 'unknown',
          total: row.TotalDue,
          currency: 'USD',
          placedAt: dateText(row.OrderDate),
        }
      : null,
  lines: {
    table: 'Sales.SalesOrderDetail',
    id: (row) => ({ orderId: String(row.SalesOrderID), lineId: String(row.SalesOrderDetailID) }),
    project: (row) => ({
      sku: String(row.ProductID),
      quantity: row.OrderQty,
      unitPrice: row.UnitPrice,
      total: row.LineTotal,
    }),
  },
});

export default defineConfig({
  source: {
    server: env('SLUICE_SQL_HOST'),
    port: envNumber('SLUICE_SQL_PORT'),
    database: 'AdventureWorks',
    user: 'sluice_capture',
    password: secretEnv('SLUICE_SQL_CAPTURE_PASSWORD'),
    encrypt: envBoolean('SLUICE_SQL_ENCRYPT', true),
    trustServerCertificate: true,
    tables: [
      'Production.ProductCategory',
      'Production.ProductSubcategory',
      'Production.ProductModel',
      'Production.ProductDescription',
      'Production.ProductModelProductDescriptionCulture',
      'Production.Product',
      'Production.ProductInventory',
      'Production.Location',
      'Sales.SalesOrderHeader',
      'Sales.SalesOrderDetail',
      'storefront.COMMAND',
    ],
  },
  kafka: { brokers: envList('SLUICE_KAFKA_BROKERS'), topicPrefix: 'aw' },
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
