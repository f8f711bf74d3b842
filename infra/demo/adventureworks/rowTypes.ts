/** Rows of the captured tables as consumers get them. Stands in until schemas/generated/adventureworks.ts is generated from the Avro schemas. */
interface Common {
  readonly rowguid: string;
  readonly ModifiedDate: bigint;
}
export interface Tables {
  readonly 'Production.Product': Common & {
    readonly ProductID: number;
    readonly Name: string;
    readonly ProductNumber: string;
    readonly MakeFlag: boolean;
    readonly FinishedGoodsFlag: boolean;
    readonly Color: string | null;
    readonly SafetyStockLevel: number;
    readonly ReorderPoint: number;
    readonly StandardCost: string;
    readonly ListPrice: string;
    readonly Size: string | null;
    readonly SizeUnitMeasureCode: string | null;
    readonly WeightUnitMeasureCode: string | null;
    readonly Weight: string | null;
    readonly DaysToManufacture: number;
    readonly ProductLine: string | null;
    readonly Class: string | null;
    readonly Style: string | null;
    readonly ProductSubcategoryID: number | null;
    readonly ProductModelID: number | null;
    readonly SellStartDate: bigint;
    readonly SellEndDate: bigint | null;
    readonly DiscontinuedDate: bigint | null;
  };
  readonly 'Production.ProductCategory': Common & { readonly ProductCategoryID: number; readonly Name: string };
  readonly 'Production.ProductSubcategory': Common & {
    readonly ProductSubcategoryID: number;
    readonly ProductCategoryID: number;
    readonly Name: string;
  };
  readonly 'Production.ProductModel': Common & {
    readonly ProductModelID: number;
    readonly Name: string;
    readonly CatalogDescription: string | null;
    readonly Instructions: string | null;
  };
  readonly 'Production.ProductDescription': Common & {
    readonly ProductDescriptionID: number;
    readonly Description: string;
  };
  readonly 'Production.ProductModelProductDescriptionCulture': {
    readonly ProductModelID: number;
    readonly ProductDescriptionID: number;
    readonly CultureID: string;
    readonly ModifiedDate: bigint;
  };
  readonly 'Production.ProductInventory': Common & {
    readonly ProductID: number;
    readonly LocationID: number;
    readonly Shelf: string;
    readonly Bin: number;
    readonly Quantity: number;
  };
  readonly 'Sales.SalesOrderHeader': Common & {
    readonly SalesOrderID: number;
    readonly RevisionNumber: number;
    readonly OrderDate: bigint;
    readonly ShipDate: bigint | null;
    readonly Status: number;
    readonly OnlineOrderFlag: boolean;
    readonly CustomerID: number;
    readonly SubTotal: string;
    readonly TaxAmt: string;
    readonly TotalDue: string;
    readonly Comment: string | null;
  };
}
