import type { ErrorText } from './errorTexts.ts';

/** Errors of queries, definitions, security and change data capture that the engine raises. */
export const ERRORS_ENGINE: Readonly<Record<number, ErrorText>> = {
  239: { severity: 16, text: "Duplicate common table expression name '{}' was specified." },
  263: { severity: 16, text: 'Must specify table to select from.' },
  628: { severity: 16, state: 0, text: 'Cannot issue SAVE TRANSACTION when there is no active transaction.' },
  1062: { severity: 16, text: 'The TOP N WITH TIES clause is not allowed without a corresponding ORDER BY clause.' },
  1088: { severity: 16, text: 'Cannot find the object "{}" because it does not exist or you do not have permissions.' },
  4613: { severity: 16, text: 'Grantor does not have GRANT permission.' },
  4621: {
    severity: 16,
    state: 10,
    text: 'Permissions at the server scope can only be granted when the current database is master',
  },
  5011: {
    severity: 14,
    state: 5,
    text: "User does not have permission to alter database '{}', the database does not exist, or the database is not in a state that allows access checks.",
  },
  6335: {
    severity: 16,
    text: 'XML datatype instance has too many levels of nested nodes. Maximum allowed depth is {} levels.',
  },
  6359: {
    severity: 16,
    text: 'Parsing XML with internal subset DTDs not allowed. Use CONVERT with style option 2 to enable limited internal subset DTD support.',
  },
  6401: { severity: 16, text: 'Cannot roll back {}. No transaction or savepoint of that name was found.' },
  8110: { severity: 16, state: 0, text: "Cannot add multiple PRIMARY KEY constraints to table '{}'." },
  8154: { severity: 16, text: "The table '{}' is ambiguous." },
  8197: { severity: 16, state: 4, text: "The object '{}' does not exist or is invalid for this operation." },
  9829: {
    severity: 16,
    text: 'STRING_AGG aggregation result exceeded the limit of 8000 bytes. Use LOB types to avoid result truncation.',
  },
  10742: {
    severity: 15,
    text: 'The offset specified in a OFFSET clause may not be negative.',
  },
  4996: { severity: 16, text: "Change tracking is already enabled for table '{}'." },
  4997: {
    severity: 16,
    text: "Cannot enable change tracking on table '{}'. Change tracking requires a primary key on the table. Create a primary key on the table before enabling change tracking.",
  },
  4998: { severity: 16, text: "Change tracking is not enabled on table '{}'." },
  5088: { severity: 16, text: "Change tracking is already enabled for database '{}'." },
  5089: {
    severity: 16,
    text: "Change tracking is disabled for database '{}'. Change tracking must be enabled on a database to modify change tracking settings.",
  },
  22104: {
    severity: 16,
    text: 'A table returned by the CHANGETABLE function must name every column of the primary key, each once.',
  },
  22105: { severity: 16, text: "Change tracking is not enabled on table '{}'." },
  22115: {
    severity: 16,
    text: "Change tracking is enabled for one or more tables in database '{}'. Disable change tracking on each table before disabling it for the database. Use the sys.change_tracking_tables catalog view to obtain a list of tables for which change tracking is enabled.",
  },
  6101: { severity: 16, text: 'Session ID {} is not valid.' },
  6102: { severity: 14, text: 'User does not have permission to use the KILL statement.' },
  6104: { severity: 16, text: 'Cannot use KILL to kill your own process.' },
  6106: { severity: 16, text: 'Process ID {} is not an active process ID.' },
  14262: { severity: 16, text: "The specified {} ('{}') does not exist." },
  15138: { severity: 16, text: 'The database principal owns a schema in the database, and cannot be dropped.' },
  15144: { severity: 16, text: 'The role has members. It must be empty before it can be dropped.' },
  15281: {
    severity: 16,
    text: "SQL Server blocked access to {} '{}' of component '{}' because this component is turned off as part of the security configuration for this server. A system administrator can enable the use of '{}' by using sp_configure. For more information about enabling '{}', search for 'Surface Area Configuration' in SQL Server Books Online.",
  },
  15406: {
    severity: 16,
    text: 'Cannot execute as the server principal because the principal "{}" does not exist, this type of principal cannot be impersonated, or you do not have permission.',
  },
  15517: {
    severity: 16,
    text: 'Cannot execute as the database principal because the principal "{}" does not exist, this type of principal cannot be impersonated, or you do not have permission.',
  },
  22903: {
    severity: 16,
    text: "Another connection is already running 'sp_replcmds' for Change Data Capture in the current database.",
  },
  22905: {
    severity: 16,
    text: "Database '{}' is already enabled for Change Data Capture. Ensure that the correct database context is set, and retry the operation. To report on the databases enabled for Change Data Capture, query the is_cdc_enabled column in the sys.databases catalog view.",
  },
  22916: {
    severity: 16,
    text: "Could not grant SELECT permission for the change enumeration functions for capture instance '{}' and source table '{}' to the specified role.",
  },
  22929: {
    severity: 16,
    text: 'The name "{}" given for the index of the source table \'{}\' is not that of a unique index.',
  },
  22950: {
    severity: 16,
    text: "Unable to create the capture and cleanup jobs for Change Data Capture in database '{}'.",
  },
  22957: {
    severity: 16,
    text: "LSN {}, specified as the new low end point for the change table associated with capture instance '{}', is not within the Change Data Capture timeline [{}, {}].",
  },
  1223: {
    severity: 16,
    text: "Cannot release the application lock (Database Principal: 'public', Resource: '{}') because it is not currently held.",
  },
  15123: { severity: 16, text: "The configuration option '{}' does not exist, or it may be an advanced option." },
  15225: {
    severity: 11,
    text: "No item by the name of '{}' could be found in the current database '{}', given that @itemtype was input as '{}'.",
  },
  15664: {
    severity: 16,
    text: "Cannot set key '{}' in the session context. The key has been set as read_only for this session.",
  },
  22930: {
    severity: 16,
    text: "Could not locate column '{}' specified in the @captured_column_list parameter for source table '{}'.",
  },
  22938: {
    severity: 16,
    text: 'The specified @captured_column_list does not contain the column "{}" that identifies rows of the source table.',
  },
  22971: {
    severity: 16,
    text: "Could not create a capture instance: the column name '{}' is reserved for Change Data Capture.",
  },
  22988: { severity: 16, text: "'{}' is not a valid job type. Use 'capture' or 'cleanup'." },
  22994: {
    severity: 16,
    text: 'The retention value specified for the Change Data Capture cleanup process must be greater than 0 and less than or equal to 52594800.',
  },
  35100: {
    severity: 16,
    state: 10,
    text: 'Error number {} in the THROW statement is outside the valid range. Specify an error number in the valid range of 50000 to 2147483647.',
  },
};
