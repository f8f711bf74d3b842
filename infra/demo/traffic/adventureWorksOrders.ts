import type { Random } from '../random.ts';
import type { SqlExecutor } from '../sqlExecutor.ts';
import type { AdventureWorksFacts } from './adventureWorksTraffic.ts';
import { NOTHING_SOLD, numbered } from './eposStock.ts';
import { type ActionResult, CancellableOrders, runAction, type TrafficAction, transaction } from './shopTraffic.ts';

const PICK_AFTER_MS = 4000;
const SHIP_AFTER_MS = 10_000;

interface OrderLine {
  readonly product: number;
  readonly location: number;
  readonly qty: number;
}

/** A sale over the counter (shipped at once) or by telephone (new): takes each line off its shelf; lines that are not there are left out. */
function sale(lines: number): string {
  return transaction(
    `DECLARE @order int;
INSERT INTO Sales.SalesOrderHeader (CustomerID, Status, OnlineOrderFlag) VALUES (@customer, @status, @online);
SET @order = CONVERT(int, SCOPE_IDENTITY());
${numbered(
  lines,
  (n) => `UPDATE Production.ProductInventory SET Quantity = Quantity - @qty${n}, ModifiedDate = GETDATE()
WHERE ProductID = @product${n} AND LocationID = @location${n} AND Quantity >= @qty${n};
IF @@ROWCOUNT = 1
BEGIN
  INSERT INTO Sales.SalesOrderDetail (SalesOrderID, OrderQty, ProductID, UnitPrice, LineTotal, LocationID)
  SELECT @order, @qty${n}, ProductID, ListPrice, ListPrice * @qty${n}, @location${n} FROM Production.Product WHERE ProductID = @product${n};
  SET @changes = @changes + 2;
END;`,
)}
${NOTHING_SOLD}
UPDATE Sales.SalesOrderHeader
SET SubTotal = (SELECT SUM(LineTotal) FROM Sales.SalesOrderDetail WHERE SalesOrderID = @order),
    TotalDue = (SELECT SUM(LineTotal) FROM Sales.SalesOrderDetail WHERE SalesOrderID = @order), ModifiedDate = GETDATE()
WHERE SalesOrderID = @order;
SET @changes = @changes + 2;`,
    '@order',
  );
}

/** Moves the wanted online order, or the oldest old enough, from one status to the next. Stock left its shelf when the order came in. */
const chooseOrder = (from: number, shipped: boolean): string => `DECLARE @order int = (
  SELECT TOP (1) SalesOrderID FROM Sales.SalesOrderHeader
  WHERE OnlineOrderFlag = 1 AND Status = ${from}
    AND (SalesOrderID = @wanted OR (@wanted = 0 AND OrderDate <= DATEADD(millisecond, 0 - @minAgeMs, GETDATE())))
  ORDER BY SalesOrderID);
UPDATE Sales.SalesOrderHeader SET Status = @to,${shipped ? ' ShipDate = GETDATE(),' : ''} ModifiedDate = GETDATE()
WHERE SalesOrderID = @order AND Status = ${from};
SET @changes = @@ROWCOUNT;`;
const PICK = transaction(chooseOrder(1, false));
const SHIP = transaction(chooseOrder(2, true));
const CANCEL = transaction(`${chooseOrder(1, false)}
IF @changes = 1
BEGIN
  UPDATE i SET Quantity = i.Quantity + d.Qty, ModifiedDate = GETDATE()
  FROM Production.ProductInventory AS i
  INNER JOIN (SELECT ProductID, LocationID, SUM(OrderQty) AS Qty FROM Sales.SalesOrderDetail WHERE SalesOrderID = @order GROUP BY ProductID, LocationID) AS d
    ON d.ProductID = i.ProductID AND d.LocationID = i.LocationID;
  SET @changes = @changes + @@ROWCOUNT;
END;`);

export function pickAdventureWorksOrder(
  executor: SqlExecutor,
  orderId = 0,
  minAgeMs = PICK_AFTER_MS,
): Promise<ActionResult> {
  return runAction(executor, PICK, { wanted: orderId, minAgeMs, to: 2 });
}

export function shipAdventureWorksOrder(
  executor: SqlExecutor,
  orderId = 0,
  minAgeMs = SHIP_AFTER_MS,
): Promise<ActionResult> {
  return runAction(executor, SHIP, { wanted: orderId, minAgeMs, to: 5 });
}

/** A clerk cancels an order nobody has started on and puts the goods back on their shelves. */
function cancelAdventureWorksOrder(executor: SqlExecutor, orderId: number): Promise<ActionResult> {
  return runAction(executor, CANCEL, { wanted: orderId, minAgeMs: 0, to: 6 });
}

function chooseLines(random: Random, facts: AdventureWorksFacts): readonly OrderLine[] {
  const lines = new Map<number, OrderLine>();
  for (let i = random.int(1, 4); i > 0; i--) {
    const [product, location] = random.pick(facts.shelves);
    lines.set(product, { product, location, qty: random.int(1, 3) });
  }
  return [...lines.values()].sort((a, b) => a.product - b.product);
}

function runSale(executor: SqlExecutor, random: Random, facts: AdventureWorksFacts, online: boolean) {
  const lines = chooseLines(random, facts);
  const params: Record<string, number> = {
    customer: random.pick(facts.customers),
    status: online ? 1 : 5,
    online: online ? 1 : 0,
  };
  for (const [index, line] of lines.entries()) {
    params[`product${index + 1}`] = line.product;
    params[`location${index + 1}`] = line.location;
    params[`qty${index + 1}`] = line.qty;
  }
  return runAction(executor, sale(lines.length), params);
}

export function adventureWorksOrderActions(facts: AdventureWorksFacts): TrafficAction[] {
  const cancellable = new CancellableOrders();
  return [
    { name: 'counter sale', weight: 50, run: (executor, random) => runSale(executor, random, facts, false) },
    {
      name: 'telephone order',
      weight: 5,
      run: async (executor, random) => cancellable.remember(await runSale(executor, random, facts, true)),
    },
    { name: 'order picked', weight: 6, run: (executor) => pickAdventureWorksOrder(executor) },
    { name: 'order shipped', weight: 6, run: (executor) => shipAdventureWorksOrder(executor) },
    {
      name: 'order cancelled',
      weight: 0.2,
      run: async (executor) => {
        const order = cancellable.take();
        return order === undefined ? { changes: 0 } : cancelAdventureWorksOrder(executor, order);
      },
    },
  ];
}
