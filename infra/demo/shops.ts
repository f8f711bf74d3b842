import { fileURLToPath } from 'node:url';
import type { SqlVariant } from '#infra/sql/scripts.ts';
import { loadAdventureWorks } from './adventureworks/load.ts';
import type { LoadOptions } from './bulkLoad.ts';
import { DEFAULT_SIZES, generateEpos } from './epos/generate.ts';
import { loadEpos } from './epos/load.ts';
import type { SqlExecutor } from './sqlExecutor.ts';
import { pickAdventureWorksOrder, shipAdventureWorksOrder } from './traffic/adventureWorksOrders.ts';
import { adventureWorksTraffic } from './traffic/adventureWorksTraffic.ts';
import { pickEposOrder, shipEposOrder } from './traffic/eposOrders.ts';
import { eposTraffic } from './traffic/eposTraffic.ts';
import type { ShopTraffic } from './traffic/shopTraffic.ts';

export interface SampleLine {
  readonly sku: string;
  readonly quantity: number;
  /** Decimal text: what the database will charge for one. */
  readonly unitPrice: string;
}

/** Everything the `demo` command needs to know of one of the demo's shops. Executors are connections of the shop's own owner, not of Sluice. */
export interface DemoShop {
  readonly name: 'epos' | 'adventureworks';
  /** Shown on the page. */
  readonly title: string;
  readonly tagline: string;
  readonly database: string;
  readonly currency: string;
  /** BCP 47, for numbers and dates on the page. */
  readonly locale: string;
  /** Creates database and tables; run in master, before `load`. Split on GO lines; it changes database by USE. */
  readonly schemaScript: string;
  /** Switches CDC on; run after `load`, so that the first snapshot and not the change tables carries the data. */
  readonly cdcScript: string;
  /** Which of infra/sql's scripts come after that. */
  readonly sqlVariant: SqlVariant;
  readonly configPath: string;
  /** The account the demo's page orders with. */
  readonly demoCustomerId: string;
  /** Locations the web sells from; null: all of them. */
  readonly deliveryLocations: readonly string[] | null;
  readonly traffic: ShopTraffic;
  /** Loads the data: the generated shop of `products` articles (default 5000), or AdventureWorks' files from `dataDir`. Returns rows per table. */
  load(
    executor: SqlExecutor,
    options?: LoadOptions & { readonly dataDir?: string; readonly products?: number },
  ): Promise<Readonly<Record<string, number>>>;
  /** Location id → name, for people. */
  locationNames(executor: SqlExecutor): Promise<Readonly<Record<string, string>>>;
  /** Products that can be ordered now, cheapest codes first, with their exact prices. */
  sampleOrderLines(executor: SqlExecutor, count: number): Promise<readonly SampleLine[]>;
  /** Sets what a customer pays for one piece (decimal text), as a clerk would; returns false when there is no such product. */
  changePrice(executor: SqlExecutor, sku: string, price: string): Promise<boolean>;
  /** Pieces on all shelves, and promised, as the storefront's stock answer adds them up; noughts for an unknown sku. */
  stockOf(executor: SqlExecutor, sku: string): Promise<{ readonly onHand: number; readonly reserved: number }>;
  /** The picker takes this very order off the pile, whatever its age; false when it is not new. */
  pickOrder(executor: SqlExecutor, orderId: string): Promise<boolean>;
  /** The picker sends this very order out; false when it is not being picked. */
  shipOrder(executor: SqlExecutor, orderId: string): Promise<boolean>;
}

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** How many pieces must be free before a product is offered as a sample: traffic may take some before the order arrives. */
const SAMPLE_FREE = 20;

export const EPOS_SHOP: DemoShop = {
  name: 'epos',
  title: 'Hollin & Hale',
  tagline: 'General store, twelve branches, one rather old till system',
  database: 'EPOS',
  currency: 'GBP',
  locale: 'en-GB',
  schemaScript: path('epos/schema.sql'),
  cdcScript: path('epos/cdc.sql'),
  sqlVariant: 'epos',
  configPath: path('epos/sluice.config.ts'),
  demoCustomerId: '1',
  deliveryLocations: ['1'],
  traffic: eposTraffic,
  load: (executor, options = {}) =>
    loadEpos(executor, {
      ...options,
      data: generateEpos({ ...DEFAULT_SIZES, products: options.products ?? DEFAULT_SIZES.products }),
    }),
  async locationNames(executor) {
    const rows = await executor.query<{ id: number; name: string; town: string }>(
      'SELECT BRANCH_NO AS id, BRANCH_NAME AS name, TOWN AS town FROM dbo.BRANCH ORDER BY BRANCH_NO;',
    );
    return Object.fromEntries(rows.map((row) => [String(row.id), `${row.name.trim()}, ${row.town.trim()}`]));
  },
  async sampleOrderLines(executor, count) {
    const rows = await executor.query<{ sku: string; price: string }>(
      `SELECT TOP (${Math.trunc(count)}) p.PROD_CODE AS sku,
         CONVERT(varchar(30), CASE WHEN p.PRICE3 > 0 THEN p.PRICE3 ELSE p.PRICE1 END, 2) AS price
       FROM dbo.PRODUCT AS p INNER JOIN dbo.STOCK AS s ON s.PROD_CODE = p.PROD_CODE AND s.BRANCH_NO = 1
       WHERE p.WEB_FLAG = 'Y' AND p.DISCONT = 'N' AND s.QTY_ON_HAND - s.QTY_ALLOC >= ${SAMPLE_FREE} ORDER BY p.PROD_CODE;`,
    );
    return rows.map((row) => ({ sku: row.sku.trim(), quantity: 2, unitPrice: row.price }));
  },
  async changePrice(executor, sku, price) {
    const [row] = await executor.query<{ changed: number }>(
      `UPDATE dbo.PRODUCT SET PRICE1 = CONVERT(money, @price), PRICE3 = NULL, DATE_AMENDED = GETDATE() WHERE PROD_CODE = CONVERT(char(10), @sku);
       SELECT @@ROWCOUNT AS changed;`,
      { sku, price },
    );
    return row?.changed === 1;
  },
  async stockOf(executor, sku) {
    const [row] = await executor.query<{ onHand: number | null; reserved: number | null }>(
      'SELECT SUM(QTY_ON_HAND) AS onHand, SUM(QTY_ALLOC) AS reserved FROM dbo.STOCK WHERE PROD_CODE = CONVERT(char(10), @sku);',
      { sku },
    );
    return { onHand: row?.onHand ?? 0, reserved: row?.reserved ?? 0 };
  },
  pickOrder: async (executor, orderId) => (await pickEposOrder(executor, Number(orderId))).changes > 0,
  shipOrder: async (executor, orderId) => (await shipEposOrder(executor, Number(orderId))).changes > 0,
};

const ADVENTURE_WORKS_SHOP: DemoShop = {
  name: 'adventureworks',
  title: 'Adventure Works Cycles',
  tagline: 'The sample bicycle maker, straight from its product data',
  database: 'AdventureWorks',
  currency: 'USD',
  locale: 'en-US',
  schemaScript: path('adventureworks/schema.sql'),
  cdcScript: path('adventureworks/cdc.sql'),
  sqlVariant: 'adventureworks',
  configPath: path('adventureworks/sluice.config.ts'),
  demoCustomerId: '1',
  deliveryLocations: null,
  traffic: adventureWorksTraffic,
  async load(executor, options) {
    const dir = options?.dataDir;
    if (dir === undefined) throw new RangeError('AdventureWorks needs the folder of its data files');
    return loadAdventureWorks(executor, { ...options, dir });
  },
  async locationNames(executor) {
    const rows = await executor.query<{ id: number; name: string }>(
      'SELECT LocationID AS id, Name AS name FROM Production.Location ORDER BY LocationID;',
    );
    return Object.fromEntries(rows.map((row) => [String(row.id), row.name]));
  },
  async sampleOrderLines(executor, count) {
    const rows = await executor.query<{ id: number; price: string }>(
      `SELECT TOP (${Math.trunc(count)}) p.ProductID AS id, CONVERT(varchar(30), p.ListPrice, 2) AS price
       FROM Production.Product AS p
       INNER JOIN (SELECT ProductID, SUM(Quantity) AS Free FROM Production.ProductInventory GROUP BY ProductID) AS i ON i.ProductID = p.ProductID
       WHERE p.FinishedGoodsFlag = 1 AND p.ListPrice > 0 AND p.SellEndDate IS NULL AND p.DiscontinuedDate IS NULL AND i.Free >= ${SAMPLE_FREE}
       ORDER BY p.ProductID;`,
    );
    return rows.map((row) => ({ sku: String(row.id), quantity: 2, unitPrice: row.price }));
  },
  async changePrice(executor, sku, price) {
    const [row] = await executor.query<{ changed: number }>(
      `UPDATE Production.Product SET ListPrice = CONVERT(money, @price), ModifiedDate = GETDATE() WHERE ProductID = CONVERT(int, @sku);
       SELECT @@ROWCOUNT AS changed;`,
      { sku, price },
    );
    return row?.changed === 1;
  },
  async stockOf(executor, sku) {
    const [row] = await executor.query<{ onHand: number | null }>(
      'SELECT SUM(CONVERT(int, Quantity)) AS onHand FROM Production.ProductInventory WHERE ProductID = CONVERT(int, @sku);',
      { sku },
    );
    return { onHand: row?.onHand ?? 0, reserved: 0 };
  },
  pickOrder: async (executor, orderId) => (await pickAdventureWorksOrder(executor, Number(orderId))).changes > 0,
  shipOrder: async (executor, orderId) => (await shipAdventureWorksOrder(executor, Number(orderId))).changes > 0,
};

/** The shop for `--data DIR`: AdventureWorks when there are data files, the generated general store otherwise. */
export function chooseShop(dataDir: string | undefined): DemoShop {
  return dataDir === undefined ? EPOS_SHOP : ADVENTURE_WORKS_SHOP;
}
