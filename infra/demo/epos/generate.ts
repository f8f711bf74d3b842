import { createRandom, type Random } from '../random.ts';
import { generateOrders } from './generateOrders.ts';
import { generateCustomers, generateSuppliers } from './generatePeople.ts';
import { generateProducts } from './generateProducts.ts';
import type { BranchRow, DeptRow, EposData, ProductRow, StockRow, VatRateRow } from './rows.ts';
import { DEPARTMENTS } from './vocabulary.ts';

export interface EposSizes {
  readonly seed: number;
  readonly products: number;
  readonly customers: number;
  readonly orders: number;
}

/** What the demo loads when nothing else is asked for. */
export const DEFAULT_SIZES: EposSizes = { seed: 20_160_401, products: 5000, customers: 2000, orders: 600 };

const TOWNS: readonly (readonly [name: string, town: string])[] = [
  ['Central Warehouse', 'Daventry'],
  ['High Street', 'Harrogate'],
  ['Market Place', 'Hexham'],
  ['Riverside', 'Shrewsbury'],
  ['The Maltings', 'Ely'],
  ['Abbeygate', 'Bury St Edmunds'],
  ['Castle Quarter', 'Ludlow'],
  ['Station Road', 'Oban'],
  ['Harbour View', 'Falmouth'],
  ['The Old Mill', 'Stroud'],
  ['Bridge Street', 'Hay-on-Wye'],
  ['Retail Park', 'Chesterfield'],
];

const VAT_RATES: readonly VatRateRow[] = [
  { VAT_CODE: 'S', RATE: '20.00', DESCR: 'STANDARD' },
  { VAT_CODE: 'R', RATE: '5.00', DESCR: 'REDUCED' },
  { VAT_CODE: 'Z', RATE: '0.00', DESCR: 'ZERO RATED' },
];

/** The legacy shop's data: same sizes, same rows, on every machine and every day. */
export function generateEpos(sizes: EposSizes = DEFAULT_SIZES): EposData {
  const random = createRandom(sizes.seed);
  const suppliers = generateSuppliers(random, 40);
  const products = generateProducts(random, sizes.products, suppliers);
  const branches = generateBranches();
  const customers = generateCustomers(sizes.seed, sizes.customers);
  const { orders, orderLines } = generateOrders(random, sizes.orders, { products, customers, branches });
  const stock = generateStock(random, products, branches, openAllocations(orders, orderLines));
  const departments = generateDepartments();
  return { vatRates: VAT_RATES, departments, suppliers, branches, products, stock, customers, orders, orderLines };
}

function generateDepartments(): DeptRow[] {
  return DEPARTMENTS.map((department, index) => ({
    DEPT_CODE: department.code,
    DEPT_NAME: department.name,
    MARKUP_PCT: department.markupPct,
    NOMINAL_CODE: String(400_000 + index * 10),
    WEB_FLAG: 'Y',
  }));
}

function generateBranches(): BranchRow[] {
  return TOWNS.map(([name, town], index) => ({ BRANCH_NO: index + 1, BRANCH_NAME: name, TOWN: town, WEB_FLAG: 'Y' }));
}

/** Pieces of each product set aside at the warehouse for web orders that are not yet shipped. */
function openAllocations(orders: EposData['orders'], lines: EposData['orderLines']): Map<string, number> {
  const open = new Set(
    orders.filter((o) => o.SOURCE === 'WEB' && (o.STATUS === 'N' || o.STATUS === 'P')).map((o) => o.ORD_NO),
  );
  const allocated = new Map<string, number>();
  for (const line of lines) {
    if (open.has(line.ORD_NO)) allocated.set(line.PROD_CODE, (allocated.get(line.PROD_CODE) ?? 0) + line.QTY);
  }
  return allocated;
}

function generateStock(
  random: Random,
  products: readonly ProductRow[],
  branches: readonly BranchRow[],
  allocated: ReadonlyMap<string, number>,
): StockRow[] {
  return products.flatMap((product) => {
    const popularity = random.next() ** 2;
    return branches.map((branch): StockRow => {
      const warehouse = branch.BRANCH_NO === 1;
      const qtyAlloc = warehouse ? (allocated.get(product.PROD_CODE) ?? 0) : 0;
      const usual = warehouse ? 40 + Math.round(popularity * 360) : Math.round(popularity * 24);
      const out = random.chance(warehouse ? 0.04 : 0.15);
      return {
        PROD_CODE: product.PROD_CODE,
        BRANCH_NO: branch.BRANCH_NO,
        QTY_ON_HAND: qtyAlloc + (out ? 0 : random.int(0, usual)),
        QTY_ALLOC: qtyAlloc,
        REORDER_LVL: Math.round(usual / 5),
        BIN_LOC: warehouse ? `${random.pick('ABCDEFGH'.split(''))}${random.int(1, 40)}/${random.int(1, 6)}` : null,
        LAST_MOVED: random.chance(0.9)
          ? `2025-0${random.int(1, 6)}-${random.int(10, 28)}T${random.int(10, 18)}:${random.int(10, 59)}:00`
          : null,
      };
    });
  });
}
