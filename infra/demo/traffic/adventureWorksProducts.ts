import { penceToText } from '../money.ts';
import type { AdventureWorksFacts } from './adventureWorksTraffic.ts';
import { runAction, type TrafficAction, transaction } from './shopTraffic.ts';

/** A new list price a little off the old one; never below 0.49, and nothing that is not sold gets one. */
const REPRICE = transaction(`UPDATE Production.Product
SET ListPrice = CASE WHEN ListPrice + CONVERT(money, @by) < 0.49 THEN 0.49 ELSE ListPrice + CONVERT(money, @by) END, ModifiedDate = GETDATE()
WHERE ProductID = @product AND ListPrice > 0;
SET @changes = @@ROWCOUNT;`);

const REDESCRIBE = transaction(`UPDATE Production.ProductDescription SET Description = @text, ModifiedDate = GETDATE()
WHERE ProductDescriptionID = @id;
SET @changes = @@ROWCOUNT;`);

const LIST_OR_DELIST = transaction(`UPDATE Production.Product
SET SellEndDate = CASE WHEN SellEndDate IS NULL THEN GETDATE() ELSE NULL END, ModifiedDate = GETDATE()
WHERE ProductID = @product;
SET @changes = @@ROWCOUNT;`);

const RENAME_SUBCATEGORY = transaction(`UPDATE Production.ProductSubcategory SET Name = @name, ModifiedDate = GETDATE()
WHERE ProductSubcategoryID = @id;
SET @changes = @@ROWCOUNT;`);

const DELIVER = transaction(`UPDATE Production.ProductInventory SET Quantity = Quantity + @qty, ModifiedDate = GETDATE()
WHERE ProductID = @product AND LocationID = @location AND Quantity < 2000;
SET @changes = @@ROWCOUNT;`);

const BLURBS = ['Tested on the road. ', 'New this season. ', 'A team favourite. ', 'Lighter than before. '];

export function adventureWorksProductActions(facts: AdventureWorksFacts): TrafficAction[] {
  return [
    {
      name: 'delivery',
      weight: 20,
      run: (executor, random) => {
        const [product, location] = random.pick(facts.shelves);
        return runAction(executor, DELIVER, { product, location, qty: random.int(5, 60) });
      },
    },
    {
      name: 'price change',
      weight: 9,
      run: (executor, random) => {
        const cents = random.int(1, 900) * (random.chance(0.5) ? 1 : -1);
        return runAction(executor, REPRICE, { product: random.pick(facts.changeable), by: penceToText(cents) });
      },
    },
    {
      name: 'description change',
      weight: 3,
      run: (executor, random) => {
        const [id, text] = random.pick(facts.descriptions);
        return runAction(executor, REDESCRIBE, { id, text: `${random.pick(BLURBS)}${text}`.slice(0, 400) });
      },
    },
    {
      name: 'listing',
      weight: 1.5,
      run: (executor, random) => runAction(executor, LIST_OR_DELIST, { product: random.pick(facts.changeable) }),
    },
    {
      name: 'subcategory rename',
      weight: 0.1,
      run: (executor, random) => {
        const [id, name] = random.pick(facts.subcategories);
        const suffix = random.pick(['', ' & Spares', ' Range']);
        return runAction(executor, RENAME_SUBCATEGORY, { id, name: `${name}${suffix}`.slice(0, 50) });
      },
    },
  ];
}
