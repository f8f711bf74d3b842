-- Captured tables of the AdventureWorks database. Customer is not among them. Minimum version: SQL Server 2008. Run as db_owner.

GRANT SELECT ON Production.ProductCategory TO sluice_capture;
GO
GRANT SELECT ON Production.ProductSubcategory TO sluice_capture;
GO
GRANT SELECT ON Production.ProductModel TO sluice_capture;
GO
GRANT SELECT ON Production.ProductDescription TO sluice_capture;
GO
GRANT SELECT ON Production.ProductModelProductDescriptionCulture TO sluice_capture;
GO
GRANT SELECT ON Production.Product TO sluice_capture;
GO
GRANT SELECT ON Production.Location TO sluice_capture;
GO
GRANT SELECT ON Production.ProductInventory TO sluice_capture;
GO
GRANT SELECT ON Sales.SalesOrderHeader TO sluice_capture;
GO
GRANT SELECT ON Sales.SalesOrderDetail TO sluice_capture;
GO
