-- Captured tables of the AdventureWorks database. Customer is not among them. Minimum version: SQL Server 2008. VIEW DEFINITION lets the
-- record schemas carry the defaults of columns. Run as db_owner.

GRANT SELECT, VIEW DEFINITION ON Production.ProductCategory TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON Production.ProductSubcategory TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON Production.ProductModel TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON Production.ProductDescription TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON Production.ProductModelProductDescriptionCulture TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON Production.Product TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON Production.Location TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON Production.ProductInventory TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON Sales.SalesOrderHeader TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON Sales.SalesOrderDetail TO sluice_capture;
GO
