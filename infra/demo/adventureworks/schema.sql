-- The AdventureWorks product tables (Microsoft's sample database, MIT licence), with its own column names and types, and small versions
-- of its sales tables so that orders work. Keys that the data files bring with them are plain integers here instead of identities.
-- Plain T-SQL, SQL Server 2016 SP1 or later.

CREATE DATABASE AdventureWorks;
GO
ALTER DATABASE AdventureWorks SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
USE AdventureWorks;
GO
CREATE SCHEMA Production;
GO
CREATE SCHEMA Sales;
GO

CREATE TABLE Production.UnitMeasure (
    UnitMeasureCode nchar(3)     NOT NULL CONSTRAINT PK_UnitMeasure PRIMARY KEY,
    Name            nvarchar(50) NOT NULL,
    ModifiedDate    datetime     NOT NULL CONSTRAINT DF_UnitMeasure_ModifiedDate DEFAULT GETDATE()
);
GO
CREATE TABLE Production.Culture (
    CultureID       nchar(6)     NOT NULL CONSTRAINT PK_Culture PRIMARY KEY,
    Name            nvarchar(50) NOT NULL,
    ModifiedDate    datetime     NOT NULL CONSTRAINT DF_Culture_ModifiedDate DEFAULT GETDATE()
);
GO
CREATE TABLE Production.ProductCategory (
    ProductCategoryID int              NOT NULL CONSTRAINT PK_ProductCategory PRIMARY KEY,
    Name              nvarchar(50)     NOT NULL,
    rowguid           uniqueidentifier NOT NULL CONSTRAINT DF_ProductCategory_rowguid DEFAULT NEWID(),
    ModifiedDate      datetime         NOT NULL CONSTRAINT DF_ProductCategory_ModifiedDate DEFAULT GETDATE()
);
GO
CREATE TABLE Production.ProductSubcategory (
    ProductSubcategoryID int              NOT NULL CONSTRAINT PK_ProductSubcategory PRIMARY KEY,
    ProductCategoryID    int              NOT NULL CONSTRAINT FK_ProductSubcategory_Category REFERENCES Production.ProductCategory (ProductCategoryID),
    Name                 nvarchar(50)     NOT NULL,
    rowguid              uniqueidentifier NOT NULL CONSTRAINT DF_ProductSubcategory_rowguid DEFAULT NEWID(),
    ModifiedDate         datetime         NOT NULL CONSTRAINT DF_ProductSubcategory_ModifiedDate DEFAULT GETDATE()
);
GO
CREATE TABLE Production.ProductModel (
    ProductModelID     int              NOT NULL CONSTRAINT PK_ProductModel PRIMARY KEY,
    Name               nvarchar(50)     NOT NULL,
    CatalogDescription xml              NULL,
    Instructions       xml              NULL,
    rowguid            uniqueidentifier NOT NULL CONSTRAINT DF_ProductModel_rowguid DEFAULT NEWID(),
    ModifiedDate       datetime         NOT NULL CONSTRAINT DF_ProductModel_ModifiedDate DEFAULT GETDATE()
);
GO
CREATE TABLE Production.ProductDescription (
    ProductDescriptionID int              NOT NULL CONSTRAINT PK_ProductDescription PRIMARY KEY,
    Description          nvarchar(400)    NOT NULL,
    rowguid              uniqueidentifier NOT NULL CONSTRAINT DF_ProductDescription_rowguid DEFAULT NEWID(),
    ModifiedDate         datetime         NOT NULL CONSTRAINT DF_ProductDescription_ModifiedDate DEFAULT GETDATE()
);
GO
CREATE TABLE Production.ProductModelProductDescriptionCulture (
    ProductModelID       int      NOT NULL CONSTRAINT FK_ModelDescriptionCulture_Model REFERENCES Production.ProductModel (ProductModelID),
    ProductDescriptionID int      NOT NULL CONSTRAINT FK_ModelDescriptionCulture_Description REFERENCES Production.ProductDescription (ProductDescriptionID),
    CultureID            nchar(6) NOT NULL CONSTRAINT FK_ModelDescriptionCulture_Culture REFERENCES Production.Culture (CultureID),
    ModifiedDate         datetime NOT NULL CONSTRAINT DF_ModelDescriptionCulture_ModifiedDate DEFAULT GETDATE(),
    CONSTRAINT PK_ProductModelProductDescriptionCulture PRIMARY KEY (ProductModelID, ProductDescriptionID, CultureID)
);
GO
CREATE TABLE Production.Product (
    ProductID             int              NOT NULL CONSTRAINT PK_Product PRIMARY KEY,
    Name                  nvarchar(50)     NOT NULL,
    ProductNumber         nvarchar(25)     NOT NULL CONSTRAINT UQ_Product_ProductNumber UNIQUE,
    MakeFlag              bit              NOT NULL CONSTRAINT DF_Product_MakeFlag DEFAULT 1,
    FinishedGoodsFlag     bit              NOT NULL CONSTRAINT DF_Product_FinishedGoodsFlag DEFAULT 1,
    Color                 nvarchar(15)     NULL,
    SafetyStockLevel      smallint         NOT NULL,
    ReorderPoint          smallint         NOT NULL,
    StandardCost          money            NOT NULL,
    ListPrice             money            NOT NULL,
    Size                  nvarchar(5)      NULL,
    SizeUnitMeasureCode   nchar(3)         NULL CONSTRAINT FK_Product_SizeUnit REFERENCES Production.UnitMeasure (UnitMeasureCode),
    WeightUnitMeasureCode nchar(3)         NULL CONSTRAINT FK_Product_WeightUnit REFERENCES Production.UnitMeasure (UnitMeasureCode),
    Weight                decimal(8,2)     NULL,
    DaysToManufacture     int              NOT NULL,
    ProductLine           nchar(2)         NULL,
    Class                 nchar(2)         NULL,
    Style                 nchar(2)         NULL,
    ProductSubcategoryID  int              NULL CONSTRAINT FK_Product_Subcategory REFERENCES Production.ProductSubcategory (ProductSubcategoryID),
    ProductModelID        int              NULL CONSTRAINT FK_Product_Model REFERENCES Production.ProductModel (ProductModelID),
    SellStartDate         datetime         NOT NULL,
    SellEndDate           datetime         NULL,
    DiscontinuedDate      datetime         NULL,
    rowguid               uniqueidentifier NOT NULL CONSTRAINT DF_Product_rowguid DEFAULT NEWID(),
    ModifiedDate          datetime         NOT NULL CONSTRAINT DF_Product_ModifiedDate DEFAULT GETDATE()
);
GO
CREATE TABLE Production.Location (
    LocationID   smallint     NOT NULL CONSTRAINT PK_Location PRIMARY KEY,
    Name         nvarchar(50) NOT NULL,
    CostRate     smallmoney   NOT NULL CONSTRAINT DF_Location_CostRate DEFAULT 0,
    Availability decimal(8,2) NOT NULL CONSTRAINT DF_Location_Availability DEFAULT 0,
    ModifiedDate datetime     NOT NULL CONSTRAINT DF_Location_ModifiedDate DEFAULT GETDATE()
);
GO
CREATE TABLE Production.ProductInventory (
    ProductID    int              NOT NULL CONSTRAINT FK_ProductInventory_Product REFERENCES Production.Product (ProductID),
    LocationID   smallint         NOT NULL CONSTRAINT FK_ProductInventory_Location REFERENCES Production.Location (LocationID),
    Shelf        nvarchar(10)     NOT NULL,
    Bin          tinyint          NOT NULL,
    Quantity     smallint         NOT NULL CONSTRAINT DF_ProductInventory_Quantity DEFAULT 0,
    rowguid      uniqueidentifier NOT NULL CONSTRAINT DF_ProductInventory_rowguid DEFAULT NEWID(),
    ModifiedDate datetime         NOT NULL CONSTRAINT DF_ProductInventory_ModifiedDate DEFAULT GETDATE(),
    CONSTRAINT PK_ProductInventory PRIMARY KEY (ProductID, LocationID)
);
GO
CREATE TABLE Production.ProductListPriceHistory (
    ProductID    int      NOT NULL CONSTRAINT FK_ProductListPriceHistory_Product REFERENCES Production.Product (ProductID),
    StartDate    datetime NOT NULL,
    EndDate      datetime NULL,
    ListPrice    money    NOT NULL,
    ModifiedDate datetime NOT NULL CONSTRAINT DF_ProductListPriceHistory_ModifiedDate DEFAULT GETDATE(),
    CONSTRAINT PK_ProductListPriceHistory PRIMARY KEY (ProductID, StartDate)
);
GO
CREATE TABLE Production.ProductReview (
    ProductReviewID int            NOT NULL CONSTRAINT PK_ProductReview PRIMARY KEY,
    ProductID       int            NOT NULL CONSTRAINT FK_ProductReview_Product REFERENCES Production.Product (ProductID),
    ReviewerName    nvarchar(50)   NOT NULL,
    ReviewDate      datetime       NOT NULL CONSTRAINT DF_ProductReview_ReviewDate DEFAULT GETDATE(),
    EmailAddress    nvarchar(50)   NOT NULL,
    Rating          int            NOT NULL,
    Comments        nvarchar(3850) NULL,
    ModifiedDate    datetime       NOT NULL CONSTRAINT DF_ProductReview_ModifiedDate DEFAULT GETDATE()
);
GO
CREATE TABLE Sales.SpecialOffer (
    SpecialOfferID int              NOT NULL CONSTRAINT PK_SpecialOffer PRIMARY KEY,
    Description    nvarchar(255)    NOT NULL,
    DiscountPct    smallmoney       NOT NULL CONSTRAINT DF_SpecialOffer_DiscountPct DEFAULT 0,
    Type           nvarchar(50)     NOT NULL,
    Category       nvarchar(50)     NOT NULL,
    StartDate      datetime         NOT NULL,
    EndDate        datetime         NOT NULL,
    MinQty         int              NOT NULL CONSTRAINT DF_SpecialOffer_MinQty DEFAULT 0,
    MaxQty         int              NULL,
    rowguid        uniqueidentifier NOT NULL CONSTRAINT DF_SpecialOffer_rowguid DEFAULT NEWID(),
    ModifiedDate   datetime         NOT NULL CONSTRAINT DF_SpecialOffer_ModifiedDate DEFAULT GETDATE()
);
GO
CREATE TABLE Sales.SpecialOfferProduct (
    SpecialOfferID int              NOT NULL CONSTRAINT FK_SpecialOfferProduct_Offer REFERENCES Sales.SpecialOffer (SpecialOfferID),
    ProductID      int              NOT NULL CONSTRAINT FK_SpecialOfferProduct_Product REFERENCES Production.Product (ProductID),
    rowguid        uniqueidentifier NOT NULL CONSTRAINT DF_SpecialOfferProduct_rowguid DEFAULT NEWID(),
    ModifiedDate   datetime         NOT NULL CONSTRAINT DF_SpecialOfferProduct_ModifiedDate DEFAULT GETDATE(),
    CONSTRAINT PK_SpecialOfferProduct PRIMARY KEY (SpecialOfferID, ProductID)
);
GO

-- Small versions of the sales tables. The real ones hang on Person, Address and Territory, which the product data does not bring.
CREATE TABLE Sales.Customer (
    CustomerID   int              NOT NULL IDENTITY(1,1) CONSTRAINT PK_Customer PRIMARY KEY,
    FullName     nvarchar(101)    NOT NULL,
    EmailAddress nvarchar(80)     NULL,
    AddressLine1 nvarchar(60)     NULL,
    City         nvarchar(30)     NULL,
    PostalCode   nvarchar(15)     NULL,
    rowguid      uniqueidentifier NOT NULL CONSTRAINT DF_Customer_rowguid DEFAULT NEWID(),
    ModifiedDate datetime         NOT NULL CONSTRAINT DF_Customer_ModifiedDate DEFAULT GETDATE()
);
GO
CREATE INDEX IX_Customer_EmailAddress ON Sales.Customer (EmailAddress);
GO
CREATE TABLE Sales.SalesOrderHeader (
    SalesOrderID    int              NOT NULL IDENTITY(43659,1) CONSTRAINT PK_SalesOrderHeader PRIMARY KEY,
    RevisionNumber  tinyint          NOT NULL CONSTRAINT DF_SalesOrderHeader_RevisionNumber DEFAULT 0,
    OrderDate       datetime         NOT NULL CONSTRAINT DF_SalesOrderHeader_OrderDate DEFAULT GETDATE(),
    ShipDate        datetime         NULL,
    Status          tinyint          NOT NULL CONSTRAINT DF_SalesOrderHeader_Status DEFAULT 1,  -- 1 in process, 2 approved, 5 shipped, 6 cancelled
    OnlineOrderFlag bit              NOT NULL CONSTRAINT DF_SalesOrderHeader_Online DEFAULT 1,
    CustomerID      int              NOT NULL CONSTRAINT FK_SalesOrderHeader_Customer REFERENCES Sales.Customer (CustomerID),
    SubTotal        money            NOT NULL CONSTRAINT DF_SalesOrderHeader_SubTotal DEFAULT 0,
    TaxAmt          money            NOT NULL CONSTRAINT DF_SalesOrderHeader_TaxAmt DEFAULT 0,
    TotalDue        money            NOT NULL CONSTRAINT DF_SalesOrderHeader_TotalDue DEFAULT 0,
    Comment         nvarchar(128)    NULL,
    rowguid         uniqueidentifier NOT NULL CONSTRAINT DF_SalesOrderHeader_rowguid DEFAULT NEWID(),
    ModifiedDate    datetime         NOT NULL CONSTRAINT DF_SalesOrderHeader_ModifiedDate DEFAULT GETDATE()
);
GO
CREATE INDEX IX_SalesOrderHeader_Status ON Sales.SalesOrderHeader (OnlineOrderFlag, Status);
GO
CREATE TABLE Sales.SalesOrderDetail (
    SalesOrderID       int              NOT NULL CONSTRAINT FK_SalesOrderDetail_Header REFERENCES Sales.SalesOrderHeader (SalesOrderID),
    SalesOrderDetailID int              NOT NULL IDENTITY(1,1),
    OrderQty           smallint         NOT NULL,
    ProductID          int              NOT NULL CONSTRAINT FK_SalesOrderDetail_Product REFERENCES Production.Product (ProductID),
    SpecialOfferID     int              NOT NULL CONSTRAINT DF_SalesOrderDetail_Offer DEFAULT 1,
    UnitPrice          money            NOT NULL,
    UnitPriceDiscount  money            NOT NULL CONSTRAINT DF_SalesOrderDetail_Discount DEFAULT 0,
    LineTotal          money            NOT NULL,
    LocationID         smallint         NULL,     -- the shelf it was taken from (not in the original)
    rowguid            uniqueidentifier NOT NULL CONSTRAINT DF_SalesOrderDetail_rowguid DEFAULT NEWID(),
    ModifiedDate       datetime         NOT NULL CONSTRAINT DF_SalesOrderDetail_ModifiedDate DEFAULT GETDATE(),
    CONSTRAINT PK_SalesOrderDetail PRIMARY KEY (SalesOrderID, SalesOrderDetailID)
);
GO
