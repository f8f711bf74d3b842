import type { ErrorText } from './errorTexts.ts';

/** Texts of errors below 400: syntax, names and conversion. */
export const ERRORS_SYNTAX: Readonly<Record<number, ErrorText>> = {
  102: { severity: 15, text: "Incorrect syntax near '{}'." },
  103: { severity: 15, text: "The {} that starts with '{}' is too long. Maximum length is {}." },
  104: {
    severity: 15,
    text: 'ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or EXCEPT operator.',
  },
  105: { severity: 15, text: "Unclosed quotation mark after the character string '{}'." },
  107: {
    severity: 15,
    text: "The column prefix '{}' does not match with a table name or alias name used in the query.",
  },
  108: {
    severity: 16,
    text: 'The ORDER BY position number {} is out of range of the number of items in the select list.',
  },
  109: {
    severity: 15,
    text: 'There are more columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.',
  },
  110: {
    severity: 15,
    text: 'There are fewer columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.',
  },
  111: { severity: 15, text: "'{}' must be the first statement in a query batch." },
  113: { severity: 15, text: "Missing end comment mark '*/'." },
  116: {
    severity: 16,
    text: 'Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.',
  },
  119: {
    severity: 15,
    text: "Must pass parameter number {} and subsequent parameters as '@name = value'. After the form '@name = value' has been used, all subsequent parameters must be passed in the form '@name = value'.",
  },
  120: {
    severity: 15,
    text: 'The select list for the INSERT statement contains fewer items than the insert list. The number of SELECT values must match the number of INSERT columns.',
  },
  121: {
    severity: 15,
    text: 'The select list for the INSERT statement contains more items than the insert list. The number of SELECT values must match the number of INSERT columns.',
  },
  128: {
    severity: 15,
    text: 'The name "{}" is not permitted in this context. Valid expressions are constants, constant expressions, and (in some contexts) variables. Column names are not permitted.',
  },
  130: {
    severity: 16,
    text: 'Cannot perform an aggregate function on an expression containing an aggregate or a subquery.',
  },
  131: {
    severity: 15,
    state: 3,
    text: "The size ({}) given to the type '{}' exceeds the maximum allowed for any data type ({}).",
  },
  134: {
    severity: 15,
    text: "The variable name '{}' has already been declared. Variable names must be unique within a query batch or stored procedure.",
  },
  135: { severity: 15, text: 'Cannot use a BREAK statement outside the scope of a WHILE statement.' },
  136: { severity: 15, text: 'Cannot use a CONTINUE statement outside the scope of a WHILE statement.' },
  137: { severity: 15, text: 'Must declare the scalar variable "{}".' },
  141: {
    severity: 15,
    text: 'A SELECT statement that assigns a value to a variable must not be combined with data-retrieval operations.',
  },
  145: { severity: 15, text: 'ORDER BY items must appear in the select list if SELECT DISTINCT is specified.' },
  147: {
    severity: 15,
    text: 'An aggregate may not appear in the WHERE clause unless it is in a subquery contained in a HAVING clause or a select list, and the column being aggregated is an outer reference.',
  },
  153: { severity: 15, text: 'Invalid usage of the option {} in the {} statement.' },
  155: { severity: 15, text: "'{}' is not a recognized {} option." },
  156: { severity: 15, text: "Incorrect syntax near the keyword '{}'." },
  174: { severity: 15, text: 'The {} function requires {} argument(s).' },
  179: { severity: 15, text: 'Cannot use the OUTPUT option when passing a constant to a stored procedure.' },
  180: { severity: 15, text: 'There are too many parameters in this {} statement. The maximum number is {}.' },
  189: { severity: 15, text: 'The {} function requires {} to {} arguments.' },
  192: { severity: 15, text: 'The scale must be less than or equal to the precision.' },
  195: { severity: 15, text: "'{}' is not a recognized {}." },
  201: { severity: 16, state: 4, text: "Procedure or function '{}' expects parameter '{}', which was not supplied." },
  205: {
    severity: 16,
    text: 'All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.',
  },
  206: { severity: 16, state: 2, text: 'Operand type clash: {} is incompatible with {}' },
  207: { severity: 16, text: "Invalid column name '{}'." },
  208: { severity: 16, text: "Invalid object name '{}'." },
  178: { severity: 15, text: 'A RETURN statement with a return value cannot be used in this context.' },
  209: { severity: 16, text: "Ambiguous column name '{}'." },
  213: { severity: 16, text: 'Column name or number of supplied values does not match table definition.' },
  214: { severity: 16, text: "Procedure expects parameter '{}' of type '{}'." },
  217: {
    severity: 16,
    text: 'Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).',
  },
  219: { severity: 16, text: "The type '{}' already exists, or you do not have permission to create it." },
  220: { severity: 16, text: 'Arithmetic overflow error for data type {}, value = {}.' },
  226: { severity: 16, text: '{} statement not allowed within multi-statement transaction.' },
  229: { severity: 14, state: 5, text: "The {} permission was denied on the object '{}', database '{}', schema '{}'." },
  230: {
    severity: 14,
    text: "The {} permission was denied on the column '{}' of the object '{}', database '{}', schema '{}'.",
  },
  232: { severity: 16, text: 'Arithmetic overflow error for type {}, value = {}.' },
  234: { severity: 16, text: 'There is insufficient result space to convert a money value to {}.' },
  235: { severity: 16, text: 'Cannot convert a char value to money. The char value has incorrect syntax.' },
  236: { severity: 16, text: 'The conversion from char data type to money resulted in a money overflow error.' },
  241: { severity: 16, text: 'Conversion failed when converting date and/or time from character string.' },
  242: {
    severity: 16,
    state: 3,
    text: 'The conversion of a {} data type to a {} data type resulted in an out-of-range value.',
  },
  243: { severity: 16, text: 'Type {} is not a defined system type.' },
  244: {
    severity: 16,
    text: "The conversion of the {} value '{}' overflowed an {} column. Use a larger integer column.",
  },
  245: { severity: 16, text: "Conversion failed when converting the {} value '{}' to data type {}." },
  248: { severity: 16, text: "The conversion of the {} value '{}' overflowed an int column." },
  252: {
    severity: 16,
    text: "Recursive common table expression '{}' does not contain a top-level UNION ALL operator.",
  },
  257: {
    severity: 16,
    state: 3,
    text: 'Implicit conversion from data type {} to {} is not allowed. Use the CONVERT function to run this query.',
  },
  258: { severity: 15, text: 'Cannot call methods on {}.' },
  262: { severity: 14, text: "{} permission denied in database '{}'." },
  264: {
    severity: 16,
    text: "The column name '{}' is specified more than once in the SET clause or column list of an INSERT. A column cannot be assigned more than one value in the same clause. Modify the clause to make sure that a column is updated only once. If this statement updates or inserts columns into a view, column aliasing can conceal the duplication in your code.",
  },
  266: {
    severity: 16,
    state: 2,
    text: 'Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT statements. Previous count = {}, current count = {}.',
  },
  271: {
    severity: 16,
    text: 'The column "{}" cannot be modified because it is either a computed column or is the result of a UNION operator.',
  },
  272: { severity: 16, text: 'Cannot update a timestamp column.' },
  273: {
    severity: 16,
    text: 'Cannot insert an explicit value into a timestamp column. Use INSERT with a column list to exclude the timestamp column, or insert a DEFAULT into the timestamp column.',
  },
  281: { severity: 16, text: '{} is not a valid style number when converting from {} to a character string.' },
  289: { severity: 16, text: 'Cannot construct data type {}, some of the arguments have values which are not valid.' },
  292: { severity: 16, text: 'There is insufficient result space to convert a smallmoney value to {}.' },
  293: { severity: 16, text: 'Cannot convert a char value to smallmoney. The char value has incorrect syntax.' },
  295: {
    severity: 16,
    state: 3,
    text: 'Conversion failed when converting character string to smalldatetime data type.',
  },
  297: { severity: 16, text: 'The user does not have permission to perform this action.' },
  300: { severity: 14, text: "{} permission was denied on object '{}', database '{}'." },
  306: {
    severity: 16,
    text: 'The text, ntext, and image data types cannot be compared or sorted, except when using IS NULL or LIKE operator.',
  },
  313: {
    severity: 16,
    state: 3,
    text: 'An insufficient number of arguments were supplied for the procedure or function {}.',
  },
  321: {
    severity: 15,
    text: '"{}" is not a recognized table hints option. If it is intended as a parameter to a table-valued function or to the CHANGETABLE function, ensure that your database compatibility mode is set to 90.',
  },
  346: {
    severity: 15,
    text: 'The parameter "{}" can not be declared READONLY since it is not a table-valued parameter.',
  },
  352: { severity: 15, text: 'The table-valued parameter "{}" must be declared with the READONLY option.' },
};
