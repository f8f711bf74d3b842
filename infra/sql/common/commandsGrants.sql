-- Everything the command API may do in the database, one grant a procedure. Generated from the use cases: sluice commands generate.
-- Minimum version: SQL Server 2008 (`sluice sql --server 2005` prints it for 2005). Run as db_owner, after commandsLogin.sql.

GRANT EXECUTE ON storefront.AcceptOrder TO sluice_commands;
GO
GRANT EXECUTE ON storefront.CancelOrder TO sluice_commands;
GO
GRANT EXECUTE ON storefront.ChangeDeliveryAddress TO sluice_commands;
GO
GRANT EXECUTE ON storefront.RegisterCustomer TO sluice_commands;
GO
GRANT EXECUTE ON storefront.ReserveStock TO sluice_commands;
GO
GRANT EXECUTE ON storefront.ReleaseStock TO sluice_commands;
GO
GRANT EXECUTE ON storefront.GetLiveStock TO sluice_commands;
GO
GRANT EXECUTE ON storefront.GetOrder TO sluice_commands;
GO
GRANT EXECUTE ON storefront.GetCommand TO sluice_commands;
GO
GRANT EXECUTE ON storefront.DeleteExpiredCommands TO sluice_commands;
GO
GRANT EXECUTE ON storefront.DeleteExpiredReservations TO sluice_commands;
GO
-- ON 2008
GRANT EXECUTE ON storefront.AcceptOrderBatch TO sluice_commands;
GO
GRANT EXECUTE ON TYPE::storefront.OrderLines TO sluice_commands;
GO
GRANT EXECUTE ON TYPE::storefront.StockLines TO sluice_commands;
GO
GRANT EXECUTE ON TYPE::storefront.Skus TO sluice_commands;
GO
GRANT EXECUTE ON TYPE::storefront.OrderBatch TO sluice_commands;
GO
GRANT EXECUTE ON TYPE::storefront.OrderBatchLines TO sluice_commands;
GO
-- ON BOTH
