import type { Random } from '../random.ts';
import type { EposFacts } from './eposTraffic.ts';
import { runAction, type TrafficAction, transaction } from './shopTraffic.ts';

/** A basket or a van load: distinct products in code order, so that two transactions take their locks in the same order. */
export function pickLines(
  random: Random,
  products: readonly string[],
  count: number,
  maxQty: number,
): readonly { readonly sku: string; readonly qty: number }[] {
  const chosen = new Set<string>();
  for (let i = 0; i < count; i++) chosen.add(random.pick(products));
  return [...chosen].sort().map((sku) => ({ sku, qty: random.int(1, maxQty) }));
}

/** `@sku1`, `@qty1`, … for a batch of lines. */
export function lineParams(
  lines: readonly { readonly sku: string; readonly qty: number }[],
): Record<string, string | number> {
  return Object.fromEntries(
    lines.flatMap((line, index) => [
      [`sku${index + 1}`, line.sku],
      [`qty${index + 1}`, line.qty],
    ]),
  );
}

/** Ends a sale of which no line could be had; the batch counts its changes in @changes. */
export const NOTHING_SOLD = `IF @changes = 0
BEGIN
  ROLLBACK TRANSACTION;
  SELECT 0 AS changes;
  RETURN;
END;`;

export const numbered = (count: number, text: (n: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index + 1)).join('\n');

/** Price a customer pays: the promotion when there is one. */
const SELLING_PRICE = 'CASE WHEN PRICE3 > 0 THEN PRICE3 ELSE PRICE1 END';

/** Sums of an order's lines into its header, VAT taken out of the inclusive price. */
const TOTAL_HEADER = `UPDATE dbo.ORD_HDR
SET ORD_TOTAL = (SELECT SUM(l.LINE_TOTAL) FROM dbo.ORD_LINE AS l WHERE l.ORD_NO = @ord),
    ORD_VAT = (SELECT SUM(ROUND(l.LINE_TOTAL * v.RATE / (100 + v.RATE), 2))
               FROM dbo.ORD_LINE AS l INNER JOIN dbo.VAT_RATE AS v ON v.VAT_CODE = l.VAT_CODE WHERE l.ORD_NO = @ord)
WHERE ORD_NO = @ord;
SET @changes = @changes + 1;`;

/** An order of `@cust`: its header, the lines that the branch can give, the totals; without any line it is rolled back. */
export function orderWithLines(
  lines: number,
  order: {
    /** SQL of the branch's number. */
    readonly branch: string;
    readonly status: string;
    readonly source: string;
    /** Assignment to STOCK that takes a quantity. */
    readonly take: (qty: string) => string;
  },
): string {
  const { branch, status, source, take } = order;
  return `DECLARE @ord int;
INSERT INTO dbo.ORD_HDR (CUST_NO, BRANCH_NO, STATUS, SOURCE) VALUES (@cust, ${branch}, '${status}', '${source}');
SET @ord = CONVERT(int, SCOPE_IDENTITY());
${numbered(
  lines,
  (n) => `UPDATE dbo.STOCK SET ${take(`@qty${n}`)}, LAST_MOVED = GETDATE()
WHERE PROD_CODE = CONVERT(char(10), @sku${n}) AND BRANCH_NO = ${branch} AND QTY_ON_HAND - QTY_ALLOC >= @qty${n};
IF @@ROWCOUNT = 1
BEGIN
  INSERT INTO dbo.ORD_LINE (ORD_NO, LINE_NO, PROD_CODE, QTY, UNIT_PRICE, VAT_CODE, LINE_TOTAL)
  SELECT @ord, ${n}, PROD_CODE, @qty${n}, ${SELLING_PRICE}, VAT_CODE, @qty${n} * ${SELLING_PRICE}
  FROM dbo.PRODUCT WHERE PROD_CODE = CONVERT(char(10), @sku${n});
  SET @changes = @changes + 2;
END;`,
)}
${NOTHING_SOLD}
SET @changes = @changes + 1;
${TOTAL_HEADER}`;
}

export function eposStockActions(facts: EposFacts): TrafficAction[] {
  const shops = facts.branches.filter((branch) => branch !== 1);
  return [
    {
      name: 'till sale',
      weight: 55,
      run: (executor, random) => {
        const lines = pickLines(
          random,
          facts.products,
          random.weighted([
            [5, 1],
            [3, 2],
            [2, 3],
            [1, 6],
          ]),
          2,
        );
        const params = { cust: random.pick(facts.customers), branch: random.pick(shops), ...lineParams(lines) };
        return runAction(executor, tillSale(lines.length), params);
      },
    },
    {
      name: 'delivery',
      weight: 14,
      run: (executor, random) => {
        const branch = random.chance(0.5) ? 1 : random.pick(shops);
        const lines = pickLines(random, facts.products, random.int(3, 8), branch === 1 ? 60 : 12);
        return runAction(executor, delivery(lines.length), { branch, ...lineParams(lines) });
      },
    },
  ];
}

/** Takes each line off the branch's shelf; a line that is not on the shelf is left out, and a sale without lines does not happen. */
function tillSale(lines: number): string {
  const take = (qty: string): string => `QTY_ON_HAND = QTY_ON_HAND - ${qty}`;
  return transaction(orderWithLines(lines, { branch: '@branch', status: 'S', source: 'TIL', take }));
}

function delivery(lines: number): string {
  return transaction(
    numbered(
      lines,
      (n) => `UPDATE dbo.STOCK SET QTY_ON_HAND = QTY_ON_HAND + @qty${n}, LAST_MOVED = GETDATE()
WHERE PROD_CODE = CONVERT(char(10), @sku${n}) AND BRANCH_NO = @branch AND QTY_ON_HAND < 1000;
SET @changes = @changes + @@ROWCOUNT;`,
    ),
  );
}
