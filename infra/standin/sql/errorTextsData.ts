import type { ErrorText } from './errorTexts.ts';

/** Texts of errors 3600 to 8999: transactions, tables, run-time data errors. */
export const ERRORS_DATA: Readonly<Record<number, ErrorText>> = {
  3609: { severity: 16, text: 'The transaction ended in the trigger. The batch has been aborted.' },
  3616: {
    severity: 16,
    text: 'An error was raised during trigger execution. The batch has been aborted and the user transaction, if any, has been rolled back.',
  },
  3621: { severity: 10, state: 0, text: 'The statement has been terminated.' },
  3623: { severity: 16, text: 'An invalid floating point operation occurred.' },
  3701: {
    severity: 11,
    state: 5,
    text: "Cannot drop the {} '{}', because it does not exist or you do not have permission.",
  },
  3702: { severity: 16, state: 3, text: 'Cannot drop database "{}" because it is currently in use.' },
  3723: {
    severity: 16,
    state: 4,
    text: "An explicit DROP INDEX is not allowed on index '{}'. It is being used for {} constraint enforcement.",
  },
  3725: {
    severity: 16,
    state: 0,
    text: "The constraint '{}' is being referenced by table '{}', foreign key constraint '{}'.",
  },
  3726: { severity: 16, text: "Could not drop object '{}' because it is referenced by a FOREIGN KEY constraint." },
  3728: { severity: 16, text: "'{}' is not a constraint." },
  3729: { severity: 16, text: "Cannot {} '{}' because it is being referenced by object '{}'." },
  3902: { severity: 16, text: 'The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.' },
  3903: { severity: 16, text: 'The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.' },
  3915: { severity: 16, state: 0, text: 'Cannot use the ROLLBACK statement within an INSERT-EXEC statement.' },
  3930: {
    severity: 16,
    text: 'The current transaction cannot be committed and cannot support operations that write to the log file. Roll back the transaction.',
  },
  3931: {
    severity: 16,
    text: 'The current transaction cannot be committed and cannot be rolled back to a savepoint. Roll back the entire transaction.',
  },
  3951: {
    severity: 16,
    text: "Transaction failed in database '{}' because the statement was run under snapshot isolation but the transaction did not start in snapshot isolation. You cannot change the isolation level of the transaction to snapshot after the transaction has started unless the transaction was originally started under snapshot isolation level.",
  },
  3952: {
    severity: 16,
    text: "Snapshot isolation transaction failed accessing database '{}' because snapshot isolation is not allowed in this database. Use ALTER DATABASE to allow snapshot isolation.",
  },
  3960: {
    severity: 16,
    state: 2,
    text: "Snapshot isolation transaction aborted due to update conflict. You cannot use snapshot isolation to access table '{}' directly or indirectly in database '{}' to update, delete, or insert the row that has been modified or deleted by another transaction. Retry the transaction or change the isolation level for the update/delete statement.",
  },
  3961: {
    severity: 16,
    text: "Snapshot isolation transaction failed in database '{}' because the object accessed by the statement has been modified by a DDL statement in another concurrent transaction since the start of this transaction. It is disallowed because the metadata is not versioned. A concurrent update to metadata can lead to inconsistency if mixed with snapshot isolation.",
  },
  3998: {
    severity: 16,
    text: 'Uncommittable transaction is detected at the end of the batch. The transaction is rolled back.',
  },
  4060: { severity: 11, text: 'Cannot open database "{}" requested by the login. The login failed.' },
  4104: { severity: 16, text: 'The multi-part identifier "{}" could not be bound.' },
  4108: { severity: 15, text: 'Windowed functions can only appear in the SELECT or ORDER BY clauses.' },
  4109: {
    severity: 15,
    text: 'Windowed functions cannot be used in the context of another windowed function or aggregate.',
  },
  4112: { severity: 15, text: "The function '{}' must have an OVER clause with ORDER BY." },
  4113: {
    severity: 15,
    text: "The function '{}' is not a valid windowing function, and cannot be used with the OVER clause.",
  },
  4121: {
    severity: 16,
    text: 'Cannot find either column "{}" or the user-defined function or aggregate "{}", or the name is ambiguous.',
  },
  4127: {
    severity: 16,
    text: 'At least one of the arguments to COALESCE must be an expression that is not the NULL constant.',
  },
  4145: {
    severity: 15,
    text: "An expression of non-boolean type specified in a context where a condition is expected, near '{}'.",
  },
  4199: { text: 'Argument value 0 is invalid for argument 3 of generate_series function.' },
  4406: {
    severity: 16,
    text: "Update or insert of view or function '{}' failed because it contains a derived or constant field.",
  },
  4511: { severity: 16, text: 'Create View or Function failed because no column name was specified for column {}.' },
  4701: { severity: 16, text: 'Cannot find the object "{}" because it does not exist or you do not have permissions.' },
  4711: {
    severity: 16,
    text: "Cannot truncate table '{}' because it is published for replication or enabled for Change Data Capture.",
  },
  4712: {
    severity: 16,
    text: "Cannot truncate table '{}' because it is being referenced by a FOREIGN KEY constraint.",
  },
  4901: {
    severity: 16,
    text: "ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT definition specified, or the column being added is an identity or timestamp column, or alternatively if none of the previous conditions are satisfied the table must be empty to allow addition of this column. Column '{}' cannot be added to non-empty table '{}' because it does not satisfy these conditions.",
  },
  4902: { severity: 16, text: 'Cannot find the object "{}" because it does not exist or you do not have permissions.' },
  4924: { severity: 16, text: "{} failed because column '{}' does not exist in table '{}'." },
  4928: { severity: 16, text: "Cannot alter column '{}' because it is '{}'." },
  3732: {
    severity: 16,
    text: "Cannot drop type '{}' because it is being referenced by object '{}'. There may be other objects that reference this type.",
  },
  4922: { severity: 16, state: 9, text: '{} {} failed because one or more objects access this column.' },
  5074: { severity: 16, text: "The {} '{}' is dependent on {} '{}'." },
  5701: { severity: 10, state: 2, text: "Changed database context to '{}'." },
  5703: { severity: 10, text: 'Changed language setting to {}.' },
  7139: {
    severity: 16,
    text: 'Length of LOB data ({}) to be replicated exceeds configured maximum {}. Use the stored procedure sp_configure to increase the configured maximum value for max text repl size option, which defaults to 65536. A configured value of -1 indicates no limit, other that the limit imposed by the data type.',
  },
  8102: { severity: 16, text: "Cannot update identity column '{}'." },
  8106: { severity: 16, text: "Table '{}' does not have the identity property. Cannot perform SET operation." },
  8107: {
    severity: 16,
    text: "IDENTITY_INSERT is already ON for table '{}'. Cannot perform SET operation for table '{}'.",
  },
  8111: { severity: 16, text: "Cannot define PRIMARY KEY constraint on nullable column in table '{}'." },
  8114: { severity: 16, state: 5, text: 'Error converting data type {} to {}.' },
  8115: { severity: 16, state: 2, text: 'Arithmetic overflow error converting {} to data type {}.' },
  8116: { severity: 16, text: 'Argument data type {} is invalid for argument {} of {} function.' },
  8117: { severity: 16, text: 'Operand data type {} is invalid for {} operator.' },
  8120: {
    severity: 16,
    text: "Column '{}' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.",
  },
  8133: {
    severity: 16,
    text: 'At least one of the result expressions in a CASE specification must be an expression other than the NULL constant.',
  },
  8134: { severity: 16, text: 'Divide by zero error encountered.' },
  8143: { severity: 16, text: "Parameter '{}' was supplied multiple times." },
  8144: { severity: 16, state: 2, text: 'Procedure or function {} has too many arguments specified.' },
  8145: { severity: 16, state: 2, text: '{} is not a parameter for procedure {}.' },
  8146: { severity: 16, state: 2, text: 'Procedure {} has no parameters and arguments were supplied.' },
  8147: { severity: 16, text: "Could not create IDENTITY attribute on nullable column '{}', table '{}'." },
  8155: { severity: 16, state: 2, text: "No column name was specified for column {} of '{}'." },
  8156: { severity: 16, text: "The column '{}' was specified multiple times for '{}'." },
  8158: { severity: 16, text: "'{}' has more columns than were specified in the column list." },
  8159: { severity: 16, text: "'{}' has fewer columns than were specified in the column list." },
  8162: {
    severity: 16,
    state: 2,
    text: 'The formal parameter "{}" was not declared as an OUTPUT parameter, but the actual parameter passed in requested output.',
  },
  8164: { severity: 16, text: 'An INSERT EXEC statement cannot be nested.' },
  8172: { severity: 16, text: 'The argument {} of the XML data type method "{}" must be a string literal.' },
  8169: {
    severity: 16,
    state: 2,
    text: 'Conversion failed when converting from a character string to uniqueidentifier.',
  },
  8170: { severity: 16, state: 2, text: 'Insufficient result space to convert uniqueidentifier value to char.' },
  8178: { severity: 16, text: "The parameterized query '{}' expects the parameter '{}', which was not supplied." },
  8179: { severity: 16, state: 2, text: 'Could not find prepared statement with handle {}.' },
  8672: {
    severity: 16,
    text: 'The MERGE statement attempted to UPDATE or DELETE the same row more than once. This happens when a target row matches more than one source row. A MERGE statement cannot UPDATE/DELETE the same row of the target table multiple times. Refine the ON clause to ensure a target row matches at most one source row, or use the GROUP BY clause to group the source rows.',
  },
};
