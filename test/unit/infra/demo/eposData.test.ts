import { describe, expect, it } from 'vitest';
import { barcode } from '#infra/demo/epos/cleanUp.ts';
import { generateEpos } from '#infra/demo/epos/generate.ts';
import { ean13 } from '#infra/demo/epos/generateProducts.ts';
import { loadEpos } from '#infra/demo/epos/load.ts';
import { penceToText, textToPence, vatInside } from '#infra/demo/money.ts';
import type { SqlExecutor, SqlParam } from '#infra/demo/sqlExecutor.ts';

const SIZES = { seed: 42, products: 600, customers: 50, orders: 120 };

describe('the generated shop', () => {
  const data = generateEpos(SIZES);

  it('is the same for the same seed and another for another', () => {
    expect(generateEpos(SIZES)).toEqual(data);
    expect(generateEpos({ ...SIZES, seed: 43 }).products).not.toEqual(data.products);
  });

  it('has the default size: 5,000 products in 12 branches, 2,000 customers', () => {
    const full = generateEpos();
    expect(full.products).toHaveLength(5000);
    expect(full.branches).toHaveLength(12);
    expect(full.stock).toHaveLength(60_000);
    expect(full.customers).toHaveLength(2000);
    expect(new Set(full.products.map((row) => row.PROD_CODE)).size).toBe(5000);
    expect(new Set(full.products.map((row) => row.SUBDEPT_NAME.toUpperCase())).size).toBeGreaterThan(30);
  });

  it('fits the columns it is loaded into', () => {
    for (const row of data.products) {
      expect(row.PROD_CODE.length).toBeLessThanOrEqual(10);
      expect(row.PROD_DESC.length).toBeLessThanOrEqual(60);
      expect((row.COLOUR ?? '').length).toBeLessThanOrEqual(20);
      expect(row.PRICE1).toMatch(/^\d+\.\d\d$/);
    }
    for (const row of data.stock) expect((row.BIN_LOC ?? '').length).toBeLessThanOrEqual(8);
    for (const row of data.suppliers) expect(row.SUPP_NAME.length).toBeLessThanOrEqual(40);
  });

  it('refers only to what is there', () => {
    const departments = new Set(data.departments.map((row) => row.DEPT_CODE));
    const suppliers = new Set(data.suppliers.map((row) => row.SUPP_CODE));
    const products = new Set(data.products.map((row) => row.PROD_CODE));
    expect(data.products.every((row) => departments.has(row.DEPT_CODE) && suppliers.has(row.SUPP_CODE))).toBe(true);
    expect(data.orderLines.every((row) => products.has(row.PROD_CODE))).toBe(true);
  });

  it('has as much set aside at the warehouse as its open web orders hold', () => {
    const open = new Set(
      data.orders.filter((row) => row.SOURCE === 'WEB' && 'NP'.includes(row.STATUS)).map((row) => row.ORD_NO),
    );
    const ordered = data.orderLines.filter((row) => open.has(row.ORD_NO)).reduce((sum, row) => sum + row.QTY, 0);
    expect(ordered).toBeGreaterThan(0);
    expect(data.stock.reduce((sum, row) => sum + row.QTY_ALLOC, 0)).toBe(ordered);
    expect(data.stock.every((row) => row.QTY_ON_HAND >= row.QTY_ALLOC)).toBe(true);
  });

  it('has order totals that are the sums of their lines', () => {
    for (const order of data.orders) {
      const lines = data.orderLines.filter((row) => row.ORD_NO === order.ORD_NO);
      expect(textToPence(order.ORD_TOTAL)).toBe(lines.reduce((sum, row) => sum + textToPence(row.LINE_TOTAL), 0));
    }
  });

  it('is loaded in the order of its foreign keys, in batches, with identities kept', async () => {
    const calls: { text: string; params: Readonly<Record<string, SqlParam>> }[] = [];
    const executor: SqlExecutor = {
      query: async (text, params = {}) => {
        calls.push({ text, params });
        return [];
      },
    };
    const loaded = await loadEpos(executor, { data, batchRows: 500 });
    expect(loaded['dbo.STOCK']).toBe(7200);
    const tables = [...new Set(calls.map((call) => /INSERT INTO (\S+)/.exec(call.text)?.[1]))];
    expect(tables.indexOf('dbo.DEPT')).toBeLessThan(tables.indexOf('dbo.PRODUCT'));
    expect(tables.indexOf('dbo.PRODUCT')).toBeLessThan(tables.indexOf('dbo.STOCK'));
    expect(tables.indexOf('dbo.ORD_HDR')).toBeLessThan(tables.indexOf('dbo.ORD_LINE'));
    expect(calls.find((call) => call.text.includes('dbo.CUSTOMER'))?.text).toContain(
      'SET IDENTITY_INSERT dbo.CUSTOMER ON',
    );
    const stock = calls
      .filter((call) => call.text.includes('dbo.STOCK'))
      .map((call) => JSON.parse(String(call.params['rows'])).length);
    expect(stock.reduce((sum, rows) => sum + rows, 0)).toBe(7200);
    expect(Math.max(...stock)).toBe(500);
  });

  it('stops loading when asked to', async () => {
    const abort = new AbortController();
    const executor: SqlExecutor = {
      query: async () => {
        abort.abort();
        return [];
      },
    };
    await expect(loadEpos(executor, { data, signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('money', () => {
  it('goes from text to hundredths and back without loss', () => {
    for (const text of ['0.00', '0.05', '12.30', '99999.99', '-3.10'])
      expect(penceToText(textToPence(text))).toBe(text);
    expect(textToPence('12.3450')).toBe(1235);
    expect(textToPence('12.3449')).toBe(1234);
    expect(textToPence('.5')).toBe(50);
    expect(() => textToPence('12,50')).toThrow('expected a decimal number');
    expect(() => textToPence('')).toThrow(RangeError);
  });

  it('finds the VAT inside an inclusive price', () => {
    expect(vatInside(12_000, '20.00')).toBe(2000);
    expect(vatInside(1099, '20.00')).toBe(183);
    expect(vatInside(1050, '5.00')).toBe(50);
    expect(vatInside(999, '0.00')).toBe(0);
  });
});

it('makes bar codes whose check digit is right', () => {
  expect(ean13(400_638_133_393)).toBe('4006381333931');
  expect(barcode(ean13(500_000_000_000))).toBe('5000000000005');
});
