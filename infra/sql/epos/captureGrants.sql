-- Captured tables of the EPOS database. CUSTOMER and SUPPLIER are not among them. Minimum version: SQL Server 2008. Run as db_owner.

GRANT SELECT ON dbo.VAT_RATE TO sluice_capture;
GO
GRANT SELECT ON dbo.DEPT TO sluice_capture;
GO
GRANT SELECT ON dbo.BRANCH TO sluice_capture;
GO
GRANT SELECT ON dbo.PRODUCT TO sluice_capture;
GO
GRANT SELECT ON dbo.STOCK TO sluice_capture;
GO
GRANT SELECT ON dbo.ORD_HDR TO sluice_capture;
GO
GRANT SELECT ON dbo.ORD_LINE TO sluice_capture;
GO
