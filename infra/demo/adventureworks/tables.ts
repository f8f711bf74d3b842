/** The AdventureWorks data files: which file fills which table, and the type of every column in file order (the data's README). */
export type ColumnType =
  | 'int'
  | 'smallint'
  | 'tinyint'
  | 'bit'
  | 'money'
  | 'smallmoney'
  | 'datetime'
  | 'uniqueidentifier'
  | 'xml'
  | `decimal(${number},${number})`
  | `nvarchar(${number})`
  | `nchar(${number})`;

export interface FileColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

export interface DataFile {
  /** File name without `.csv`. */
  readonly file: string;
  readonly table: string;
  readonly columns: readonly FileColumn[];
  /** `tabs`: a record is a line. `marks`: `+|` between fields, `&|` and a line break after a record. Default `tabs`. */
  readonly format?: 'tabs' | 'marks';
  /** True when a text column may hold line breaks: a record then goes on until all its fields are there. */
  readonly multiline?: boolean;
}

/** `ProductID int, Color nvarchar(15)?` → columns; `?` marks what may be NULL. */
function columns(text: string): FileColumn[] {
  return text.split(/,\s+/).map((part) => {
    const [name = '', type = ''] = part.trim().split(/\s+/);
    return { name, type: type.replace('?', '') as ColumnType, nullable: type.endsWith('?') };
  });
}

/** Ends most tables. */
const TAIL = 'rowguid uniqueidentifier, ModifiedDate datetime';

/** In the order of their foreign keys. */
export const DATA_FILES: readonly DataFile[] = [
  {
    file: 'UnitMeasure',
    table: 'Production.UnitMeasure',
    columns: columns('UnitMeasureCode nchar(3), Name nvarchar(50), ModifiedDate datetime'),
  },
  {
    file: 'Culture',
    table: 'Production.Culture',
    columns: columns('CultureID nchar(6), Name nvarchar(50), ModifiedDate datetime'),
  },
  {
    file: 'ProductCategory',
    table: 'Production.ProductCategory',
    columns: columns(`ProductCategoryID int, Name nvarchar(50), ${TAIL}`),
  },
  {
    file: 'ProductSubcategory',
    table: 'Production.ProductSubcategory',
    columns: columns(`ProductSubcategoryID int, ProductCategoryID int, Name nvarchar(50), ${TAIL}`),
  },
  {
    file: 'ProductModel',
    table: 'Production.ProductModel',
    format: 'marks',
    columns: columns(`ProductModelID int, Name nvarchar(50), CatalogDescription xml?, Instructions xml?, ${TAIL}`),
  },
  {
    file: 'ProductDescription',
    table: 'Production.ProductDescription',
    columns: columns(`ProductDescriptionID int, Description nvarchar(400), ${TAIL}`),
  },
  {
    file: 'ProductModelProductDescriptionCulture',
    table: 'Production.ProductModelProductDescriptionCulture',
    columns: columns('ProductModelID int, ProductDescriptionID int, CultureID nchar(6), ModifiedDate datetime'),
  },
  {
    file: 'Product',
    table: 'Production.Product',
    columns: columns(
      `ProductID int, Name nvarchar(50), ProductNumber nvarchar(25), MakeFlag bit, FinishedGoodsFlag bit, Color nvarchar(15)?,
       SafetyStockLevel smallint, ReorderPoint smallint, StandardCost money, ListPrice money, Size nvarchar(5)?,
       SizeUnitMeasureCode nchar(3)?, WeightUnitMeasureCode nchar(3)?, Weight decimal(8,2)?, DaysToManufacture int,
       ProductLine nchar(2)?, Class nchar(2)?, Style nchar(2)?, ProductSubcategoryID int?, ProductModelID int?,
       SellStartDate datetime, SellEndDate datetime?, DiscontinuedDate datetime?, ${TAIL}`,
    ),
  },
  {
    file: 'Location',
    table: 'Production.Location',
    columns: columns(
      'LocationID smallint, Name nvarchar(50), CostRate smallmoney, Availability decimal(8,2), ModifiedDate datetime',
    ),
  },
  {
    file: 'ProductInventory',
    table: 'Production.ProductInventory',
    columns: columns(`ProductID int, LocationID smallint, Shelf nvarchar(10), Bin tinyint, Quantity smallint, ${TAIL}`),
  },
  {
    file: 'ProductListPriceHistory',
    table: 'Production.ProductListPriceHistory',
    columns: columns('ProductID int, StartDate datetime, EndDate datetime?, ListPrice money, ModifiedDate datetime'),
  },
  {
    file: 'ProductReview',
    table: 'Production.ProductReview',
    multiline: true,
    columns: columns(
      `ProductReviewID int, ProductID int, ReviewerName nvarchar(50), ReviewDate datetime, EmailAddress nvarchar(50),
       Rating int, Comments nvarchar(3850)?, ModifiedDate datetime`,
    ),
  },
  {
    file: 'SpecialOffer',
    table: 'Sales.SpecialOffer',
    columns: columns(
      `SpecialOfferID int, Description nvarchar(255), DiscountPct smallmoney, Type nvarchar(50), Category nvarchar(50),
       StartDate datetime, EndDate datetime, MinQty int, MaxQty int?, ${TAIL}`,
    ),
  },
  {
    file: 'SpecialOfferProduct',
    table: 'Sales.SpecialOfferProduct',
    columns: columns(`SpecialOfferID int, ProductID int, ${TAIL}`),
  },
];
