import type { SqlExecutor } from '../sqlExecutor.ts';
import { lineParams, orderWithLines, pickLines } from './eposStock.ts';
import type { EposFacts } from './eposTraffic.ts';
import { type ActionResult, CancellableOrders, runAction, type TrafficAction, transaction } from './shopTraffic.ts';

/** How old an order is, in ms, before the picker starts on it and before it leaves the house: long enough to watch on the page. */
const PICK_AFTER_MS = 4000;
const SHIP_AFTER_MS = 10_000;

/** An order by telephone: the same rows as one from the web, keyed in by a clerk. Lines that cannot be promised are left out. */
function telephoneOrder(lines: number): string {
  const take = (qty: string): string => `QTY_ALLOC = QTY_ALLOC + ${qty}`;
  return transaction(orderWithLines(lines, { branch: '1', status: 'N', source: 'WEB', take }), '@ord');
}

/** The oldest web order in `status` that is at least `@minAgeMs` old, or the one asked for by `@wanted`. */
const chooseOrder = (status: string): string => `DECLARE @ord int = (
  SELECT TOP (1) ORD_NO FROM dbo.ORD_HDR
  WHERE SOURCE = 'WEB' AND STATUS = '${status}' AND (ORD_NO = @wanted OR (@wanted = 0 AND ORD_DATE <= DATEADD(millisecond, 0 - @minAgeMs, GETDATE())))
  ORDER BY ORD_NO);
UPDATE dbo.ORD_HDR SET STATUS = @to WHERE ORD_NO = @ord AND STATUS = '${status}';
SET @changes = @@ROWCOUNT;`;

/** What the order holds, per product, on the warehouse's shelves. */
const ORDERED = `FROM dbo.STOCK AS s
INNER JOIN (SELECT PROD_CODE, SUM(QTY) AS QTY FROM dbo.ORD_LINE WHERE ORD_NO = @ord GROUP BY PROD_CODE) AS l ON l.PROD_CODE = s.PROD_CODE
WHERE s.BRANCH_NO = 1`;

const PICK = transaction(chooseOrder('N'));
const SHIP = transaction(`${chooseOrder('P')}
IF @changes = 1
BEGIN
  UPDATE s SET QTY_ON_HAND = s.QTY_ON_HAND - l.QTY, QTY_ALLOC = s.QTY_ALLOC - l.QTY, LAST_MOVED = GETDATE()
  ${ORDERED};
  SET @changes = @changes + @@ROWCOUNT;
END;`);
const CANCEL = transaction(`${chooseOrder('N')}
IF @changes = 1
BEGIN
  UPDATE s SET QTY_ALLOC = s.QTY_ALLOC - l.QTY, LAST_MOVED = GETDATE()
  ${ORDERED};
  SET @changes = @changes + @@ROWCOUNT;
END;`);

/** The picker takes an order off the pile (N → P): the one named, or the oldest old enough when 0. */
export function pickEposOrder(executor: SqlExecutor, orderNo = 0, minAgeMs = PICK_AFTER_MS): Promise<ActionResult> {
  return runAction(executor, PICK, { wanted: orderNo, minAgeMs, to: 'P' });
}

/** The picker sends an order out (P → S) and takes it off shelf and allocation. */
export function shipEposOrder(executor: SqlExecutor, orderNo = 0, minAgeMs = SHIP_AFTER_MS): Promise<ActionResult> {
  return runAction(executor, SHIP, { wanted: orderNo, minAgeMs, to: 'S' });
}

/** A clerk cancels an order nobody has started on (N → C) and gives its allocation back. */
function cancelEposOrder(executor: SqlExecutor, orderNo: number): Promise<ActionResult> {
  return runAction(executor, CANCEL, { wanted: orderNo, minAgeMs: 0, to: 'C' });
}

export function eposOrderActions(facts: EposFacts): TrafficAction[] {
  const cancellable = new CancellableOrders();
  return [
    {
      name: 'telephone order',
      weight: 4,
      run: async (executor, random) => {
        const lines = pickLines(random, facts.products, random.int(1, 4), 2);
        const params = { cust: random.pick(facts.customers), ...lineParams(lines) };
        return cancellable.remember(await runAction(executor, telephoneOrder(lines.length), params));
      },
    },
    { name: 'order picked', weight: 6, run: (executor) => pickEposOrder(executor) },
    { name: 'order shipped', weight: 6, run: (executor) => shipEposOrder(executor) },
    {
      name: 'order cancelled',
      weight: 0.2,
      run: async (executor) => {
        const order = cancellable.take();
        return order === undefined ? { changes: 0 } : cancelEposOrder(executor, order);
      },
    },
  ];
}
