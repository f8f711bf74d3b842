/** What the server says about itself; clients derive its abilities from these. */
export const SERVER_NAME = 'STANDIN';
export const PRODUCT_VERSION = '16.0.4165.4';
export const COLLATION_NAME = 'SQL_Latin1_General_CP1_CI_AS';

/** @@VERSION: begins as the product's text does, since clients read the year from it. */
export const VERSION_TEXT =
  `Microsoft SQL Server 2022 (stand-in, not SQL Server) - ${PRODUCT_VERSION} (X64) \n` +
  '\tDeveloper Edition (64-bit) in memory, for tests and demos\n';
