/** Words that cannot be names unless quoted: the product's list of reserved keywords. */
export const RESERVED: ReadonlySet<string> = new Set(
  `ADD ALL ALTER AND ANY AS ASC AUTHORIZATION BACKUP BEGIN BETWEEN BREAK BROWSE BULK BY CASCADE CASE CHECK CHECKPOINT CLOSE CLUSTERED
   COALESCE COLLATE COLUMN COMMIT COMPUTE CONSTRAINT CONTAINS CONTAINSTABLE CONTINUE CONVERT CREATE CROSS CURRENT CURRENT_DATE
   CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATABASE DBCC DEALLOCATE DECLARE DEFAULT DELETE DENY DESC DISTINCT DISTRIBUTED
   DOUBLE DROP ELSE END ERRLVL ESCAPE EXCEPT EXEC EXECUTE EXISTS EXIT EXTERNAL FETCH FILE FILLFACTOR FOR FOREIGN FREETEXT FREETEXTTABLE
   FROM FULL FUNCTION GOTO GRANT GROUP HAVING HOLDLOCK IDENTITY IDENTITY_INSERT IDENTITYCOL IF IN INDEX INNER INSERT INTERSECT INTO IS
   JOIN KEY KILL LEFT LIKE LINENO LOAD MERGE NATIONAL NOCHECK NONCLUSTERED NOT NULL NULLIF OF OFF OFFSETS ON OPEN OPENDATASOURCE
   OPENQUERY OPENROWSET OPENXML OPTION OR ORDER OUTER OVER PERCENT PIVOT PLAN PRIMARY PRINT PROC PROCEDURE PUBLIC RAISERROR
   READ READTEXT RECONFIGURE REFERENCES REPLICATION RESTORE RESTRICT RETURN REVERT REVOKE RIGHT ROLLBACK ROWCOUNT ROWGUIDCOL RULE SAVE
   SCHEMA SELECT SESSION_USER SET SETUSER SHUTDOWN SOME STATISTICS SYSTEM_USER TABLE TABLESAMPLE TEXTSIZE THEN TO TOP TRAN TRANSACTION
   TRIGGER TRUNCATE TRY_CONVERT TSEQUAL UNION UNIQUE UNPIVOT UPDATE UPDATETEXT USE USER VALUES VARYING VIEW WAITFOR WHEN WHERE WHILE
   WITH WRITETEXT`.split(/\s+/),
);

/** Date parts with their abbreviations, by lower-case name. */
export const DATE_PARTS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    year: 'year yy yyyy',
    quarter: 'quarter qq q',
    month: 'month mm m',
    dayofyear: 'dayofyear dy y',
    day: 'day dd d',
    week: 'week wk ww',
    weekday: 'weekday dw w',
    isoweek: 'iso_week isowk isoww',
    hour: 'hour hh',
    minute: 'minute mi n',
    second: 'second ss s',
    millisecond: 'millisecond ms',
    microsecond: 'microsecond mcs',
    nanosecond: 'nanosecond ns',
    tzoffset: 'tzoffset tz',
  }).flatMap(([part, names]) => names.split(' ').map((name): [string, string] => [name, part])),
);

/** Built-in functions whose first argument is a date part. */
export const DATE_PART_FUNCTIONS: ReadonlySet<string> = new Set([
  'DATEADD',
  'DATEDIFF',
  'DATEDIFF_BIG',
  'DATEPART',
  'DATENAME',
  'DATETRUNC',
]);

/** Reserved words that are called like functions. */
export const RESERVED_FUNCTIONS: ReadonlySet<string> = new Set([
  'LEFT',
  'RIGHT',
  'COALESCE',
  'NULLIF',
  'CONVERT',
  'TRY_CONVERT',
  'IDENTITY',
]);

/** Functions written without parentheses. */
export const BARE_FUNCTIONS: ReadonlySet<string> = new Set([
  'CURRENT_TIMESTAMP',
  'CURRENT_USER',
  'SESSION_USER',
  'SYSTEM_USER',
  'USER',
]);

/** Table hints, lower case; the ones the engine does not act on are harmless to results. */
export const TABLE_HINTS: ReadonlySet<string> = new Set(
  `updlock holdlock rowlock paglock tablock tablockx nolock readuncommitted readcommitted readcommittedlock repeatableread serializable
   snapshot readpast xlock nowait noexpand forceseek forcescan index keepidentity keepdefaults ignore_constraints ignore_triggers`.split(
    /\s+/,
  ),
);
