-- Captured tables of the EPOS database. CUSTOMER and SUPPLIER are not among them. Minimum version: SQL Server 2008. VIEW DEFINITION lets the
-- record schemas carry the defaults of columns. Run as db_owner.

GRANT SELECT, VIEW DEFINITION ON dbo.VAT_RATE TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON dbo.DEPT TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON dbo.BRANCH TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON dbo.PRODUCT TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON dbo.STOCK TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON dbo.ORD_HDR TO sluice_capture;
GO
GRANT SELECT, VIEW DEFINITION ON dbo.ORD_LINE TO sluice_capture;
GO
