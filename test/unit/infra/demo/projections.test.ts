import { describe, expect, it } from 'vitest';
import {
  orders as awOrders,
  product as awProduct,
  stock as awStock,
} from '#infra/demo/adventureworks/sluice.config.ts';
import { barcode, colourName, isYes, sizeName, tidy, unshout } from '#infra/demo/epos/cleanUp.ts';
import { orders, product, stock } from '#infra/demo/epos/sluice.config.ts';
import { loadConfig } from '#infra/runtime/config/load.ts';
import { eposDocuments } from '../../../support/eposDocuments.ts';

const ROOT = {
  PROD_CODE: 'F100022   ',
  PROD_DESC: 'BROGAN ELM WELLINGTON  BOOTS ',
  LONG_DESC: 'Hard-wearing.  Made to last.',
  DEPT_CODE: 'FOOT',
  DEPT_NAME: 'SHOES',
  SUBDEPT_NAME: 'WELLINGTONS',
  BRAND: 'BROGAN',
  COLOUR: 'NVY',
  SIZE_TXT: 'UK9',
  PRICE1: '46.5000',
  PRICE2: '27.9000',
  PRICE3: null,
  VAT_CODE: 'S',
  WEB_FLAG: 'Y',
  DISCONT: 'N',
  BARCODE: '4006381333931',
  DATE_CREATED: 1_400_000_000_000n,
  DATE_AMENDED: null,
};
const DEPT = { DEPT_CODE: 'FOOT', DEPT_NAME: 'Footwear' };
const project = (change: object = {}, joins: object = {}) =>
  product.project({ root: { ...ROOT, ...change }, dept: DEPT, vat: { VAT_CODE: 'S', RATE: '20.00' }, ...joins });

describe('the general store as documents', () => {
  it('cleans up codes, capitals, colours and sizes, and takes the department from its own table', () => {
    expect(project()).toEqual({
      sku: 'F100022',
      name: 'Brogan Elm Wellington Boots',
      description: 'Hard-wearing. Made to last.',
      brand: 'Brogan',
      category: 'Footwear',
      subcategory: 'Wellingtons',
      price: '46.50',
      priceMinor: 4650,
      wasPrice: null,
      currency: 'GBP',
      colour: 'Navy',
      size: 'UK 9',
      barcode: '4006381333931',
      keywords: [],
      purchasable: true,
      createdAt: '2014-05-13T16:53:20.000Z',
      updatedAt: '2014-05-13T16:53:20.000Z',
    });
  });

  it('charges the promotion when there is one, and shows the old price only when it was higher', () => {
    expect(project({ PRICE3: '34.8800' })).toMatchObject({ price: '34.88', priceMinor: 3488, wasPrice: '46.50' });
    expect(project({ PRICE3: '0.0000' })).toMatchObject({ price: '46.50', wasPrice: null });
    expect(project({ PRICE3: '50.0000' })).toMatchObject({ price: '50.00', wasPrice: null });
  });

  it('falls back on the copied name when the department is not there (yet)', () => {
    expect(project({}, { dept: null, vat: null })).toMatchObject({ category: 'Shoes', keywords: [] });
  });

  it('hides what is not on the web or is discontinued', () => {
    const visible = (change: object) => product.filter?.({ root: { ...ROOT, ...change }, dept: DEPT, vat: null });
    expect(visible({})).toBe(true);
    expect(visible({ WEB_FLAG: 'N' })).toBe(false);
    expect(visible({ DISCONT: 'Y' })).toBe(false);
  });

  it('makes a whole document of every generated product that is on the web', () => {
    const { data, documents } = eposDocuments({ seed: 1, products: 400, customers: 5, orders: 5 });
    const listed = data.products.filter((row) => row.WEB_FLAG === 'Y' && row.DISCONT === 'N');
    expect(documents).toHaveLength(listed.length);
    for (const document of documents) {
      expect(document.name).not.toBe(document.name.toUpperCase());
      expect(document.price).toMatch(/^\d+\.\d\d$/);
      expect(Object.values(document)).not.toContain(undefined);
    }
  });

  it('shows stock per branch, and follows web orders only', () => {
    const shelf = { PROD_CODE: 'F100022   ', BRANCH_NO: 1, QTY_ON_HAND: 12, QTY_ALLOC: 2 };
    expect(stock.project(shelf)).toEqual({ sku: 'F100022', location: '1', onHand: 12, reserved: 2 });
    const order = { ORD_NO: 100_601, CUST_NO: 7, STATUS: 'P', SOURCE: 'WEB', ORD_TOTAL: '12.5000', ORD_DATE: 0n };
    expect(orders.project(order)).toMatchObject({
      orderId: '100601',
      status: 'picking',
      total: '12.5000',
      currency: 'GBP',
    });
    expect(orders.project({ ...order, SOURCE: 'TIL' })).toBeNull();
  });
});

describe('AdventureWorks as documents', () => {
  const root = {
    ProductID: 997,
    Name: 'Road-750 Black, 44',
    ProductNumber: 'BK-R19B-44',
    FinishedGoodsFlag: true,
    Color: 'Black',
    ListPrice: '539.9900',
    Size: '44',
    SizeUnitMeasureCode: 'CM ',
    ProductLine: 'R ',
    Style: 'U ',
    SellStartDate: 1_716_940_800_000n,
    SellEndDate: null,
    DiscontinuedDate: null,
    ModifiedDate: 1_738_922_496_827n,
  };
  const rows = {
    root,
    subcategory: { Name: 'Road Bikes' },
    category: { Name: 'Bikes' },
    model: { Name: 'Road-750' },
    cultures: [
      { CultureID: 'fr    ', ProductDescriptionID: 2 },
      { CultureID: 'en    ', ProductDescriptionID: 1 },
    ],
    descriptions: [
      { ProductDescriptionID: 2, Description: 'Un vélo.' },
      { ProductDescriptionID: 1, Description: 'Entry level adult bike.' },
    ],
  };

  it('joins model, English description, subcategory and category', () => {
    expect(awProduct.project(rows)).toMatchObject({
      sku: '997',
      name: 'Road-750 Black, 44',
      description: 'Entry level adult bike.',
      category: 'Bikes',
      subcategory: 'Road Bikes',
      price: '539.99',
      priceMinor: 53_999,
      currency: 'USD',
      size: '44 cm',
      keywords: ['Road-750', 'road', 'universal'],
      purchasable: true,
      updatedAt: '2025-02-07T10:01:36.827Z',
    });
  });

  it('keeps parts that hang on nothing as documents that cannot be bought', () => {
    const part = { ...root, FinishedGoodsFlag: false, ListPrice: '0.0000', Size: null, ProductLine: null, Style: null };
    const bare = { root: part, subcategory: null, category: null, model: null, cultures: [], descriptions: [] };
    expect(awProduct.project(bare)).toMatchObject({
      category: 'Parts',
      subcategory: null,
      description: null,
      purchasable: false,
    });
  });

  it('sells nothing whose sale has ended', () => {
    expect(awProduct.project({ ...rows, root: { ...root, SellEndDate: 1n } })).toMatchObject({ purchasable: false });
  });

  it('shows stock by product number and place, and follows online orders only', () => {
    expect(awStock.project({ ProductID: 1, LocationID: 6, Quantity: 324 })).toEqual({
      sku: '1',
      location: '6',
      onHand: 324,
      reserved: 0,
    });
    const order = {
      SalesOrderID: 43_659,
      CustomerID: 3,
      Status: 5,
      OnlineOrderFlag: true,
      TotalDue: '1.0000',
      OrderDate: 0n,
    };
    expect(awOrders.project(order)).toMatchObject({ orderId: '43659', status: 'shipped' });
    expect(awOrders.project({ ...order, OnlineOrderFlag: false })).toBeNull();
  });
});

describe('cleaning up', () => {
  it.each([
    ['5 LTR', '5 L'],
    ['2.5 ltr', '2.5 L'],
    ['10 litre', '10 L'],
    ['30CM', '30 cm'],
    ['10 mtr', '10 m'],
    ['12.5 KG', '12.5 kg'],
    ['PK4', 'Pack of 4'],
    ['Pack of 50', 'Pack of 50'],
    ['UK5', 'UK 5'],
    ['Size 7', 'UK 7'],
    ['LGE', 'L'],
    ['X-Small', 'XS'],
    ['2XL', 'XXL'],
    ['S/KING', 'Super King'],
    ['One Size', 'One Size'],
    ['  ', null],
    [null, null],
  ])('writes the size %j as %j', (text, expected) => {
    expect(sizeName(text)).toBe(expected);
  });

  it('knows colours by their till codes', () => {
    expect(['BLK', 'Gray', 'white ', 'TEAL', 'Sea Green', '', null].map(colourName)).toEqual([
      'Black',
      'Grey',
      'White',
      'Teal',
      'Sea green',
      null,
      null,
    ]);
  });

  it('takes capitals back only from text that is all capitals', () => {
    expect(unshout('HAT AND GLOVES')).toBe('Hat and Gloves');
    expect(unshout('18V COMBI-DRILL (NEW)')).toBe('18V Combi-Drill (New)');
    expect(unshout('iPhone Case')).toBe('iPhone Case');
  });

  it('reads flags and blanks as they were meant', () => {
    expect([' y ', 'Y', 'N', '', null].map(isYes)).toEqual([true, true, false, false, false]);
    expect(tidy('  a \t b  ')).toBe('a b');
  });

  it('drops bar codes that are none', () => {
    expect(barcode('4006381333930')).toBeNull();
    expect(barcode('N/A')).toBeNull();
    expect(barcode('0')).toBeNull();
  });
});

it.each(['epos', 'adventureworks'])('the configuration of %s is valid with nothing but addresses set', async (shop) => {
  const path = new URL(`../../../../infra/demo/${shop}/sluice.config.ts`, import.meta.url).pathname;
  const config = await loadConfig(path, {
    SLUICE_SQL_HOST: '127.0.0.1',
    SLUICE_SQL_PORT: '1433',
    SLUICE_KAFKA_BROKERS: '127.0.0.1:9092',
    SLUICE_REGISTRY_URL: 'http://127.0.0.1:8081',
    SLUICE_ELASTICSEARCH_URL: 'http://127.0.0.1:9200',
    SLUICE_REDIS_URL: 'redis://127.0.0.1:6379',
  });
  expect(config.source.tables).toContain('storefront.COMMAND');
});
