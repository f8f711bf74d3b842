import type { SqlExecutor } from '../sqlExecutor.ts';
import { eposOrderActions } from './eposOrders.ts';
import { eposProductActions } from './eposProducts.ts';
import { eposStockActions } from './eposStock.ts';
import type { ShopTraffic } from './shopTraffic.ts';

/** What the actions choose from. */
export interface EposFacts {
  readonly products: readonly string[];
  /** The same without the first few, whose price and listing are left alone so that somebody can follow one article. */
  readonly changeable: readonly string[];
  readonly branches: readonly number[];
  readonly departments: readonly (readonly [code: string, name: string])[];
  readonly customers: readonly number[];
}

/** How many products keep price and listing; the demo's own check changes one of them and waits for it. */
const LEFT_ALONE = 40;

/** The general store's day: tills sell, vans deliver, clerks change prices, the web takes orders and a picker sends them out. */
export const eposTraffic: ShopTraffic = {
  async prepare(executor) {
    const facts = await readFacts(executor);
    return [...eposStockActions(facts), ...eposProductActions(facts), ...eposOrderActions(facts)];
  },
};

async function readFacts(executor: SqlExecutor): Promise<EposFacts> {
  const products = await executor.query<{ code: string }>(
    'SELECT PROD_CODE AS code FROM dbo.PRODUCT ORDER BY PROD_CODE;',
  );
  const branches = await executor.query<{ no: number }>('SELECT BRANCH_NO AS no FROM dbo.BRANCH ORDER BY BRANCH_NO;');
  const departments = await executor.query<{ code: string; name: string }>(
    'SELECT DEPT_CODE AS code, DEPT_NAME AS name FROM dbo.DEPT ORDER BY DEPT_CODE;',
  );
  const customers = await executor.query<{ no: number }>(
    'SELECT TOP (200) CUST_NO AS no FROM dbo.CUSTOMER ORDER BY CUST_NO;',
  );
  const codes = products.map((row) => row.code.trim());
  return {
    products: codes,
    changeable: codes.length > 2 * LEFT_ALONE ? codes.slice(LEFT_ALONE) : codes,
    branches: branches.map((row) => row.no),
    departments: departments.map((row) => [row.code, row.name.trim()] as const),
    customers: customers.map((row) => row.no),
  };
}
