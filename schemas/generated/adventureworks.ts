// Generated from the Avro schemas by `sluice schemas generate`; do not edit.

/** A row of Production.Location. */
export interface LocationRow {
  readonly LocationID: number;
  readonly Name: string;
  /** decimal(10, 4) as exact text. */
  readonly CostRate: string;
  /** decimal(8, 2) as exact text. */
  readonly Availability: string;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly ModifiedDate: bigint;
}

/** The key of Production.Location. */
export interface LocationKey {
  readonly LocationID: number;
}

/** A row of Production.Product. */
export interface ProductRow {
  readonly ProductID: number;
  readonly Name: string;
  readonly ProductNumber: string;
  readonly MakeFlag: boolean;
  readonly FinishedGoodsFlag: boolean;
  readonly Color: string | null;
  readonly SafetyStockLevel: number;
  readonly ReorderPoint: number;
  /** decimal(19, 4) as exact text. */
  readonly StandardCost: string;
  /** decimal(19, 4) as exact text. */
  readonly ListPrice: string;
  readonly Size: string | null;
  readonly SizeUnitMeasureCode: string | null;
  readonly WeightUnitMeasureCode: string | null;
  /** decimal(8, 2) as exact text. */
  readonly Weight: string | null;
  readonly DaysToManufacture: number;
  readonly ProductLine: string | null;
  readonly Class: string | null;
  readonly Style: string | null;
  readonly ProductSubcategoryID: number | null;
  readonly ProductModelID: number | null;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly SellStartDate: bigint;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly SellEndDate: bigint | null;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly DiscontinuedDate: bigint | null;
  readonly rowguid: string;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly ModifiedDate: bigint;
}

/** The key of Production.Product. */
export interface ProductKey {
  readonly ProductID: number;
}

/** A row of Production.ProductCategory. */
export interface ProductCategoryRow {
  readonly ProductCategoryID: number;
  readonly Name: string;
  readonly rowguid: string;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly ModifiedDate: bigint;
}

/** The key of Production.ProductCategory. */
export interface ProductCategoryKey {
  readonly ProductCategoryID: number;
}

/** A row of Production.ProductDescription. */
export interface ProductDescriptionRow {
  readonly ProductDescriptionID: number;
  readonly Description: string;
  readonly rowguid: string;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly ModifiedDate: bigint;
}

/** The key of Production.ProductDescription. */
export interface ProductDescriptionKey {
  readonly ProductDescriptionID: number;
}

/** A row of Production.ProductInventory. */
export interface ProductInventoryRow {
  readonly ProductID: number;
  readonly LocationID: number;
  readonly Shelf: string;
  readonly Bin: number;
  readonly Quantity: number;
  readonly rowguid: string;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly ModifiedDate: bigint;
}

/** The key of Production.ProductInventory. */
export interface ProductInventoryKey {
  readonly ProductID: number;
  readonly LocationID: number;
}

/** A row of Production.ProductModel. */
export interface ProductModelRow {
  readonly ProductModelID: number;
  readonly Name: string;
  readonly CatalogDescription: string | null;
  readonly Instructions: string | null;
  readonly rowguid: string;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly ModifiedDate: bigint;
}

/** The key of Production.ProductModel. */
export interface ProductModelKey {
  readonly ProductModelID: number;
}

/** A row of Production.ProductModelProductDescriptionCulture. */
export interface ProductModelProductDescriptionCultureRow {
  readonly ProductModelID: number;
  readonly ProductDescriptionID: number;
  readonly CultureID: string;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly ModifiedDate: bigint;
}

/** The key of Production.ProductModelProductDescriptionCulture. */
export interface ProductModelProductDescriptionCultureKey {
  readonly ProductModelID: number;
  readonly ProductDescriptionID: number;
  readonly CultureID: string;
}

/** A row of Production.ProductSubcategory. */
export interface ProductSubcategoryRow {
  readonly ProductSubcategoryID: number;
  readonly ProductCategoryID: number;
  readonly Name: string;
  readonly rowguid: string;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly ModifiedDate: bigint;
}

/** The key of Production.ProductSubcategory. */
export interface ProductSubcategoryKey {
  readonly ProductSubcategoryID: number;
}

/** A row of Sales.SalesOrderDetail. */
export interface SalesOrderDetailRow {
  readonly SalesOrderID: number;
  readonly SalesOrderDetailID: number;
  readonly OrderQty: number;
  readonly ProductID: number;
  readonly SpecialOfferID: number;
  /** decimal(19, 4) as exact text. */
  readonly UnitPrice: string;
  /** decimal(19, 4) as exact text. */
  readonly UnitPriceDiscount: string;
  /** decimal(19, 4) as exact text. */
  readonly LineTotal: string;
  readonly LocationID: number | null;
  readonly rowguid: string;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly ModifiedDate: bigint;
}

/** The key of Sales.SalesOrderDetail. */
export interface SalesOrderDetailKey {
  readonly SalesOrderID: number;
  readonly SalesOrderDetailID: number;
}

/** A row of Sales.SalesOrderHeader. */
export interface SalesOrderHeaderRow {
  readonly SalesOrderID: number;
  readonly RevisionNumber: number;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly OrderDate: bigint;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly ShipDate: bigint | null;
  readonly Status: number;
  readonly OnlineOrderFlag: boolean;
  readonly CustomerID: number;
  /** decimal(19, 4) as exact text. */
  readonly SubTotal: string;
  /** decimal(19, 4) as exact text. */
  readonly TaxAmt: string;
  /** decimal(19, 4) as exact text. */
  readonly TotalDue: string;
  readonly Comment: string | null;
  readonly rowguid: string;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly ModifiedDate: bigint;
}

/** The key of Sales.SalesOrderHeader. */
export interface SalesOrderHeaderKey {
  readonly SalesOrderID: number;
}

/** A row of storefront.COMMAND. */
export interface CommandRow {
  readonly COMMAND_ID: string;
  readonly CALLER: string;
  readonly IDEMPOTENCY_KEY: string;
  readonly COMMAND_NAME: string;
  readonly PAYLOAD_HASH: Buffer;
  readonly ORDER_ID: string | null;
  readonly REFUSAL: number | null;
  readonly RESULT: string;
  /** Milliseconds since 1970-01-01, in the zone-less time of the column. */
  readonly CREATED_AT: bigint;
}

/** The key of storefront.COMMAND. */
export interface CommandKey {
  readonly COMMAND_ID: string;
}

/** Every captured table and its row. */
export interface AdventureWorksTables {
  'Production.Location': LocationRow;
  'Production.Product': ProductRow;
  'Production.ProductCategory': ProductCategoryRow;
  'Production.ProductDescription': ProductDescriptionRow;
  'Production.ProductInventory': ProductInventoryRow;
  'Production.ProductModel': ProductModelRow;
  'Production.ProductModelProductDescriptionCulture': ProductModelProductDescriptionCultureRow;
  'Production.ProductSubcategory': ProductSubcategoryRow;
  'Sales.SalesOrderDetail': SalesOrderDetailRow;
  'Sales.SalesOrderHeader': SalesOrderHeaderRow;
  'storefront.COMMAND': CommandRow;
}

/** Every captured table that has a key, and the key. */
export interface AdventureWorksKeys {
  'Production.Location': LocationKey;
  'Production.Product': ProductKey;
  'Production.ProductCategory': ProductCategoryKey;
  'Production.ProductDescription': ProductDescriptionKey;
  'Production.ProductInventory': ProductInventoryKey;
  'Production.ProductModel': ProductModelKey;
  'Production.ProductModelProductDescriptionCulture': ProductModelProductDescriptionCultureKey;
  'Production.ProductSubcategory': ProductSubcategoryKey;
  'Sales.SalesOrderDetail': SalesOrderDetailKey;
  'Sales.SalesOrderHeader': SalesOrderHeaderKey;
  'storefront.COMMAND': CommandKey;
}
