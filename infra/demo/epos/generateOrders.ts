import { penceToText, textToPence, vatInside } from '../money.ts';
import type { Random } from '../random.ts';
import type { BranchRow, CustomerRow, OrderLineRow, OrderRow, ProductRow } from './rows.ts';

const FIRST_ORDER = 100_001;
const RATES: Readonly<Record<string, string>> = { S: '20.00', R: '5.00', Z: '0.00' };

/** Past orders of the tills and the web; the newest web orders are still open. */
export function generateOrders(
  random: Random,
  count: number,
  shop: {
    readonly products: readonly ProductRow[];
    readonly customers: readonly CustomerRow[];
    readonly branches: readonly BranchRow[];
  },
): { orders: OrderRow[]; orderLines: OrderLineRow[] } {
  const orders: OrderRow[] = [];
  const orderLines: OrderLineRow[] = [];
  for (let index = 0; index < count; index++) {
    const web = random.chance(0.45);
    const lines = makeLines(random, FIRST_ORDER + index, shop.products);
    orderLines.push(...lines);
    const total = lines.reduce((sum, line) => sum + textToPence(line.LINE_TOTAL), 0);
    const vat = lines.reduce((sum, line) => sum + vatInside(textToPence(line.LINE_TOTAL), RATES[line.VAT_CODE]!), 0);
    const day = Math.floor((index / count) * 28) + 1;
    orders.push({
      ORD_NO: FIRST_ORDER + index,
      CUST_NO: random.pick(shop.customers).CUST_NO,
      BRANCH_NO: web ? 1 : random.int(2, shop.branches.length),
      ORD_DATE: `2025-06-${String(day).padStart(2, '0')}T${random.int(10, 17)}:${random.int(10, 59)}:${random.int(10, 59)}.${random.pick(['000', '003', '007', '990'])}`,
      STATUS: web ? webStatus(random, index / count) : 'S',
      ORD_TOTAL: penceToText(total),
      ORD_VAT: penceToText(vat),
      SOURCE: web ? 'WEB' : 'TIL',
      NOTES: random.chance(0.08)
        ? random.pick(['LEAVE WITH NEIGHBOUR', 'Gift wrap please', 'rang 14/6 - will call back'])
        : null,
    });
  }
  return { orders, orderLines };
}

function webStatus(random: Random, age: number): string {
  if (age > 0.95) return random.pick(['N', 'N', 'P']);
  return random.chance(0.06) ? 'C' : 'S';
}

function makeLines(random: Random, ordNo: number, products: readonly ProductRow[]): OrderLineRow[] {
  return Array.from(
    {
      length: random.weighted([
        [5, 1],
        [3, 2],
        [2, 3],
        [1, 5],
      ]),
    },
    (_, index): OrderLineRow => {
      const product = random.pick(products);
      const qty = random.weighted([
        [8, 1],
        [2, 2],
        [1, 4],
      ]);
      const promo = product.PRICE3 === null ? 0 : textToPence(product.PRICE3);
      const price = promo > 0 ? promo : textToPence(product.PRICE1);
      return {
        ORD_NO: ordNo,
        LINE_NO: index + 1,
        PROD_CODE: product.PROD_CODE,
        QTY: qty,
        UNIT_PRICE: penceToText(price),
        VAT_CODE: product.VAT_CODE,
        LINE_TOTAL: penceToText(price * qty),
      };
    },
  );
}
