import type { SqlExecutor } from '../sqlExecutor.ts';
import { adventureWorksOrderActions } from './adventureWorksOrders.ts';
import { adventureWorksProductActions } from './adventureWorksProducts.ts';
import type { ShopTraffic } from './shopTraffic.ts';

/** What the actions choose from. */
export interface AdventureWorksFacts {
  /** Product and location of every shelf of what is sold. */
  readonly shelves: readonly (readonly [productId: number, locationId: number])[];
  /** What is sold, without the first few on sale: those keep price and listing, so that somebody can follow one article. */
  readonly changeable: readonly number[];
  readonly subcategories: readonly (readonly [id: number, name: string])[];
  /** English descriptions: id and text. */
  readonly descriptions: readonly (readonly [id: number, text: string])[];
  readonly customers: readonly number[];
}

/** The bicycle maker's day, on the tables of the sample database. */
export const adventureWorksTraffic: ShopTraffic = {
  async prepare(executor) {
    const facts = await readFacts(executor);
    return [...adventureWorksProductActions(facts), ...adventureWorksOrderActions(facts)];
  },
};

async function readFacts(executor: SqlExecutor): Promise<AdventureWorksFacts> {
  const shelves = await executor.query<Shelf>(
    `SELECT i.ProductID AS product, i.LocationID AS location, CASE WHEN p.SellEndDate IS NULL THEN 1 ELSE 0 END AS onSale
     FROM Production.ProductInventory AS i INNER JOIN Production.Product AS p ON p.ProductID = i.ProductID
     WHERE p.FinishedGoodsFlag = 1 AND p.ListPrice > 0 ORDER BY i.ProductID, i.LocationID;`,
  );
  const subcategories = await executor.query<{ id: number; name: string }>(
    'SELECT ProductSubcategoryID AS id, Name AS name FROM Production.ProductSubcategory ORDER BY ProductSubcategoryID;',
  );
  const descriptions = await executor.query<{ id: number; text: string }>(
    `SELECT d.ProductDescriptionID AS id, d.Description AS text
     FROM Production.ProductDescription AS d
     INNER JOIN Production.ProductModelProductDescriptionCulture AS c ON c.ProductDescriptionID = d.ProductDescriptionID
     WHERE c.CultureID = N'en' ORDER BY d.ProductDescriptionID;`,
  );
  const customers = await executor.query<{ id: number }>(
    'SELECT TOP (200) CustomerID AS id FROM Sales.Customer ORDER BY CustomerID;',
  );
  return {
    shelves: shelves.map((row) => [row.product, row.location] as const),
    changeable: changeable(shelves),
    subcategories: subcategories.map((row) => [row.id, row.name] as const),
    descriptions: descriptions.map((row) => [row.id, row.text] as const),
    customers: customers.map((row) => row.id),
  };
}

type Shelf = { readonly product: number; readonly location: number; readonly onSale: number };

/** How many articles on sale keep price and listing; the demo's own check changes one of them and waits for it. */
const LEFT_ALONE = 20;

function changeable(shelves: readonly Shelf[]): number[] {
  const onSale = new Set(shelves.filter((row) => row.onSale === 1).map((row) => row.product));
  const kept = new Set(onSale.size > 2 * LEFT_ALONE ? [...onSale].slice(0, LEFT_ALONE) : []);
  return [...new Set(shelves.map((row) => row.product))].filter((product) => !kept.has(product));
}
