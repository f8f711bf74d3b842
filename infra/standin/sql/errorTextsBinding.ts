import type { ErrorText } from './errorTexts.ts';

/** Texts of errors 400 to 3599: types, constraints and definitions. */
export const ERRORS_BINDING: Readonly<Record<number, ErrorText>> = {
  402: { severity: 16, text: 'The data types {} and {} are incompatible in the {} operator.' },
  443: { severity: 16, state: 15, text: "Invalid use of a side-effecting operator '{}' within a function." },
  444: { severity: 16, state: 2, text: 'Select statements included within a function cannot return data to a client.' },
  447: { severity: 16, text: 'Expression type is invalid for COLLATE clause.' },
  448: { severity: 16, text: "Invalid collation '{}'." },
  455: { severity: 16, state: 2, text: 'The last statement included within a function must be a return statement.' },
  468: {
    severity: 16,
    state: 9,
    text: 'Cannot resolve the collation conflict between "{}" and "{}" in the {} operation.',
  },
  493: {
    severity: 16,
    text: "The column '{}' that was returned from the nodes() method cannot be used directly. It can only be used with one of the four XML data type methods, exist(), nodes(), query(), and value(), or in IS NULL and IS NOT NULL checks.",
  },
  512: {
    severity: 16,
    text: 'Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.',
  },
  515: {
    severity: 16,
    state: 2,
    text: "Cannot insert the value NULL into column '{}', table '{}'; column does not allow nulls. {} fails.",
  },
  517: { severity: 16, text: "Adding a value to a '{}' column caused an overflow." },
  529: { severity: 16, state: 2, text: 'Explicit conversion from data type {} to {} is not allowed.' },
  530: {
    severity: 16,
    text: 'The statement terminated. The maximum recursion {} has been exhausted before statement completion.',
  },
  535: {
    severity: 16,
    state: 0,
    text: 'The {} function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use {} with a less precise datepart.',
  },
  536: { severity: 16, state: 4, text: 'Invalid length parameter passed to the {} function.' },
  537: { severity: 16, state: 3, text: 'Invalid length parameter passed to the LEFT or SUBSTRING function.' },
  544: {
    severity: 16,
    text: "Cannot insert explicit value for identity column in table '{}' when IDENTITY_INSERT is set to OFF.",
  },
  545: {
    severity: 16,
    text: "Explicit value must be specified for identity column in table '{}' either when IDENTITY_INSERT is set to ON or when a replication user is inserting into a NOT FOR REPLICATION identity column.",
  },
  547: {
    severity: 16,
    state: 0,
    text: 'The {} statement conflicted with the {} constraint "{}". The conflict occurred in database "{}", table "{}"{}.',
  },
  701: { severity: 17, text: "There is insufficient system memory in resource pool '{}' to run this query." },
  911: { severity: 16, text: "Database '{}' does not exist. Make sure that the name is entered correctly." },
  916: {
    severity: 14,
    text: 'The server principal "{}" is not able to access the database "{}" under the current security context.',
  },
  1001: { severity: 15, text: 'Line {}: Length or precision specification {} is invalid.' },
  1002: { severity: 15, text: 'Line {}: Specified scale {} is invalid.' },
  1007: {
    severity: 15,
    text: "The number '{}' is out of the range for numeric representation (maximum precision 38).",
  },
  1013: {
    severity: 15,
    text: 'The objects "{}" and "{}" in the FROM clause have the same exposed names. Use correlation names to distinguish them.',
  },
  1033: {
    severity: 15,
    text: 'The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.',
  },
  1038: {
    severity: 15,
    state: 4,
    text: 'An object or column name is missing or empty. For SELECT INTO statements, verify each column has a name. For other statements, look for empty alias names. Aliases defined as "" or [] are not allowed. Change the alias to a valid name.',
  },
  1060: {
    severity: 15,
    text: 'The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer.',
  },
  1087: { severity: 15, state: 2, text: 'Must declare the table variable "{}".' },
  1205: {
    severity: 13,
    state: 51,
    text: 'Transaction (Process ID {}) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.',
  },
  1222: { severity: 16, state: 51, text: 'Lock request time out period exceeded.' },
  1505: {
    severity: 16,
    text: "The CREATE UNIQUE INDEX statement terminated because a duplicate key was found for the object name '{}' and the index name '{}'. The duplicate key value is {}.",
  },
  1750: { severity: 16, text: 'Could not create constraint or index. See previous errors.' },
  1752: { severity: 16, text: "Column '{}' in table '{}' is invalid for creating a default constraint." },
  1767: { severity: 16, state: 0, text: "Foreign key '{}' references invalid table '{}'." },
  1770: { severity: 16, state: 0, text: "Foreign key '{}' references invalid column '{}' in referenced table '{}'." },
  1776: {
    severity: 16,
    state: 0,
    text: "There are no primary or candidate keys in the referenced table '{}' that match the referencing column list in the foreign key '{}'.",
  },
  1779: { severity: 16, state: 0, text: "Table '{}' already has a primary key defined on it." },
  1785: {
    severity: 16,
    state: 0,
    text: "Introducing FOREIGN KEY constraint '{}' on table '{}' may cause cycles or multiple cascade paths. Specify ON DELETE NO ACTION or ON UPDATE NO ACTION, or modify other FOREIGN KEY constraints.",
  },
  1781: { severity: 16, text: 'Column already has a DEFAULT bound to it.' },
  1801: { severity: 16, state: 3, text: "Database '{}' already exists. Choose a different database name." },
  1902: {
    severity: 16,
    state: 3,
    text: "Cannot create more than one clustered index on table '{}'. Drop the existing clustered index '{}' before creating another.",
  },
  1020: {
    severity: 15,
    text: 'Sub-entity lists (such as column or security expressions) cannot be specified for entity-level permissions.',
  },
  1911: { severity: 16, text: "Column name '{}' does not exist in the target table or view." },
  1913: {
    severity: 16,
    text: "The operation failed because an index or statistics with name '{}' already exists on table '{}'.",
  },
  2389: {
    severity: 16,
    text: "XQuery [value()]: 'value()' requires a singleton (or empty sequence), found operand of type 'xdt:untypedAtomic *'",
  },
  2601: {
    severity: 14,
    text: "Cannot insert duplicate key row in object '{}' with unique index '{}'. The duplicate key value is {}.",
  },
  2627: {
    severity: 14,
    text: "Violation of {} constraint '{}'. Cannot insert duplicate key in object '{}'. The duplicate key value is {}.",
  },
  2628: {
    severity: 16,
    text: "String or binary data would be truncated in table '{}', column '{}'. Truncated value: '{}'.",
  },
  2705: {
    severity: 16,
    state: 3,
    text: "Column names in each table must be unique. Column name '{}' in table '{}' is specified more than once.",
  },
  2714: { severity: 16, state: 6, text: "There is already an object named '{}' in the database." },
  2715: { severity: 16, state: 6, text: 'Column, parameter, or variable #{}: Cannot find data type {}.' },
  2716: { severity: 16, text: 'Column, parameter, or variable #{}: Cannot specify a column width on data type {}.' },
  2744: {
    severity: 16,
    state: 2,
    text: "Multiple identity columns specified for table '{}'. Only one identity column per table is allowed.",
  },
  2749: {
    severity: 16,
    state: 2,
    text: "Identity column '{}' must be of data type int, bigint, smallint, tinyint, or decimal or numeric with a scale of 0, unencrypted, and constrained to be nonnullable.",
  },
  2750: {
    severity: 16,
    text: 'Column or parameter #1: Specified column precision {} is greater than the maximum precision of 38.',
  },
  2760: {
    severity: 16,
    text: 'The specified schema name "{}" either does not exist or you do not have permission to use it.',
  },
  2812: { severity: 16, state: 62, text: "Could not find stored procedure '{}'." },
};
