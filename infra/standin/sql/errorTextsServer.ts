import type { ErrorText } from './errorTexts.ts';

/** Texts of errors from 9000: JSON, security, login, cursors, change data capture. */
export const ERRORS_SERVER: Readonly<Record<number, ErrorText>> = {
  9400: { severity: 16, text: 'XML parsing: line {}, character {}, unexpected end of input' },
  9410: { severity: 16, text: 'XML parsing: line {}, character {}, whitespace expected' },
  9413: { severity: 16, text: 'XML parsing: line {}, character {}, A string literal was expected' },
  9420: { severity: 16, text: 'XML parsing: line {}, character {}, illegal xml character' },
  9436: { severity: 16, text: 'XML parsing: line {}, character {}, end tag does not match start tag' },
  9437: { severity: 16, text: 'XML parsing: line {}, character {}, duplicate attribute' },
  9448: { severity: 16, text: 'XML parsing: line {}, character {}, well formed check: undeclared entity' },
  9455: { severity: 16, text: 'XML parsing: line {}, character {}, illegal qualified name character' },
  9500: { severity: 16, text: "The data type '{}' used in the {} method is invalid." },
  9810: { severity: 16, text: 'The datepart {} is not supported by date function {} for data type {}.' },
  9819: { severity: 16, text: "Error converting string value '{}' into data type {} using culture '{}'." },
  9812: { severity: 16, text: 'The timezone provided to builtin function todatetimeoffset is invalid.' },
  9828: {
    severity: 16,
    text: 'The second and third arguments of the TRANSLATE built-in function must contain an equal number of characters.',
  },
  10704: {
    severity: 15,
    text: 'To rethrow an error, a THROW statement must be used inside a CATCH block. Insert the THROW statement inside a CATCH block, or add error parameters to the THROW statement.',
  },
  10709: { severity: 16, text: 'The number of columns for each row in a table value constructor must be the same.' },
  10711: { severity: 15, text: "An action of type '{}' is not allowed in the 'WHEN {}' clause of a MERGE statement." },
  10713: { severity: 15, text: 'A MERGE statement must be terminated by a semi-colon (;).' },
  10738: {
    severity: 15,
    text: 'The number of row value expressions in the INSERT statement exceeds the maximum allowed number of 1000 row values.',
  },
  10744: {
    severity: 15,
    text: 'The number of rows provided for a {} clauses row count parameter must be greater then zero.',
  },
  10760: {
    severity: 16,
    text: 'Scale argument is not valid. Valid expressions for data type scale argument are integer constants and integer constant expressions.',
  },
  11728: {
    severity: 16,
    text: "The sequence object '{}' has reached its minimum or maximum value. Restart the sequence object to allow new values to be generated.",
  },
  13601: {
    severity: 16,
    text: "Property '{}' cannot be generated in JSON output due to a conflict with another column name or alias. Use different names and aliases for each column in SELECT list.",
  },
  13605: {
    severity: 16,
    text: 'Column expressions and data sources without names or aliases cannot be formatted as JSON text using FOR JSON clause. Add alias to the unnamed column or table.',
  },
  13607: {
    severity: 16,
    text: "JSON path is not properly formatted. Unexpected character '{}' is found at position {}.",
  },
  13608: { severity: 16, state: 5, text: 'Property cannot be found on the specified JSON path.' },
  13609: {
    severity: 16,
    text: "JSON text is not properly formatted. Unexpected character '{}' is found at position {}.",
  },
  13610: { severity: 16, state: 2, text: 'The argument {} of the "{}" must be a string literal.' },
  13623: { severity: 16, state: 2, text: 'Scalar value cannot be found in the specified JSON path.' },
  13624: { severity: 16, state: 2, text: 'Object or array cannot be found in the specified JSON path.' },
  13625: { severity: 16, text: 'String value in the specified JSON path would be truncated.' },
  15007: { severity: 16, text: "'{}' is not a valid login or you do not have permission." },
  15009: { severity: 16, text: "The object '{}' does not exist in database '{}' or is invalid for this operation." },
  15250: {
    severity: 16,
    text: 'The database name component of the object qualifier must be the name of the current database.',
  },
  15023: { severity: 16, text: "User, group, or role '{}' already exists in the current database." },
  15025: { severity: 16, text: "The server principal '{}' already exists." },
  15063: { severity: 16, text: 'The login already has an account under a different user name.' },
  15151: { severity: 16, text: "Cannot {} the {} '{}', because it does not exist or you do not have permission." },
  15247: { severity: 16, text: 'User does not have permission to perform this action.' },
  15335: {
    severity: 11,
    text: "Error: The new name '{}' is already in use as a {} name and would cause a duplicate that is not permitted.",
  },
  15664: {
    severity: 16,
    text: "Cannot set key '{}' in the session context. The key has been set as read_only for this session.",
  },
  18054: {
    severity: 16,
    text: 'Error {}, severity {}, state {} was raised, but no message with that error number was found in sys.messages. If error is larger than 50000, make sure the user-defined message is added using sp_addmessage.',
  },
  18456: { severity: 14, text: "Login failed for user '{}'." },
  22901: {
    severity: 16,
    text: "The database '{}' is not enabled for Change Data Capture. Ensure that the correct database context is set and retry the operation. To report on the databases enabled for Change Data Capture, query the is_cdc_enabled column in the sys.databases catalog view.",
  },
  22902: {
    severity: 16,
    text: 'Caller is not authorized to initiate the requested action. Sysadmin or database owner privileges are required.',
  },
  22904: {
    severity: 16,
    text: 'Caller is not authorized to initiate the requested action. DBO privileges are required.',
  },
  22906: {
    severity: 16,
    text: "The database '{}' cannot be enabled for Change Data Capture because a database user named 'cdc' or a schema named 'cdc' already exists in the current database. These objects are required exclusively by Change Data Capture. Drop or rename the user or schema and retry the operation.",
  },
  22926: {
    severity: 16,
    text: "Could not create a capture instance because the capture instance name '{}' already exists in the current database. Specify an explicit unique name for the parameter @capture_instance.",
  },
  22931: {
    severity: 16,
    text: "Source table '{}' does not exist in the current database. Ensure that the correct database context is set. Specify a valid schema and table name for the database.",
  },
  22939: {
    severity: 16,
    text: 'The parameter @supports_net_changes is set to 1, but the source table does not have a primary key defined and no alternate unique index has been specified.',
  },
  22960: {
    severity: 16,
    text: "Change data capture instance '{}' has not been enabled for the source table '{}'. Use sys.sp_cdc_help_change_data_capture to verify the capture instance name and retry the operation.",
  },
  22962: {
    severity: 16,
    text: "Two capture instances already exist for source table '{}'. A table can have at most two capture instances. If the current tracking options are not appropriate, disable change tracking for the obsolete instance by using sys.sp_cdc_disable_table and retry the operation.",
  },
  22964: {
    severity: 16,
    text: 'LSN {}, specified as the new low end point for change table cleanup, does not represent an existing entry in the cdc.lsn_time_mapping table.',
  },
  22985: { severity: 16, text: "The capture instance name '{}' is invalid." },
};
